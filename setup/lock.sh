#!/usr/bin/env bash
# Renews the lock files with uv: the newest versions that the *.in files allow, with hashes, for
# every platform at once. With --keep versions stay where they are as far as they can. What an
# environment's published version holds never changes, so images/ has a script of its own.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

upgrade=(--upgrade)
if [ "${1:-}" = --keep ]; then upgrade=(); fi

# uv stands apart from .venv: a tool for maintainers, and the one thing here without a lock.
uv=$NIGHTDESK_STATE/uv/bin/uv
if [ ! -x "$uv" ]; then
    base=$(find_python) || die "no Python 3.11 or newer with the venv module on PATH."
    say "installing uv into ${NIGHTDESK_STATE#"$PWD"/}/uv"
    "$base" -m venv "$NIGHTDESK_STATE/uv"
    quietly "$NIGHTDESK_STATE/log/uv.log" "$NIGHTDESK_STATE/uv/bin/python" -m pip install --disable-pip-version-check uv
fi
# uv does not read pip's configuration: hand it the index, and the system's certificates.
index=$("$NIGHTDESK_STATE/uv/bin/python" -m pip config get global.index-url 2>/dev/null || true)
if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi
export SSL_CERT_FILE=${SSL_CERT_FILE:-${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}}

lock() {
    local source=$1 target=$2 python_version=$3; shift 3
    say "$target"
    "$uv" pip compile --quiet --universal --generate-hashes --no-header \
        --python-version "$python_version" "${upgrade[@]}" "$@" --output-file "$target" "$source"
}

step "Locks"
lock hub/requirements.in hub/requirements.txt 3.13
lock scheduler/requirements.in scheduler/requirements.txt 3.13
# The tests import the server and the hub: they are to see the versions that the images hold.
lock requirements-dev.in requirements-dev.txt 3.11
lock setup/requirements.in setup/requirements.txt 3.11
