#!/usr/bin/env bash
# Renews the lock files with uv: the newest versions that the *.in files allow, with hashes. With
# --keep versions stay where they are as far as they can. What an environment's published version
# holds never changes, so images/ has a script of its own.
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

# lock FOLDER/NAME OPTION…: NAME.in to NAME.txt
lock() {
    local name=$1; shift
    say "$name.txt"
    "$uv" pip compile --quiet --generate-hashes --no-header --no-emit-index-url "${upgrade[@]}" "$@" \
        --output-file "$name.txt" "$name.in"
}
image=(--python-version 3.13 --python-platform x86_64-unknown-linux-gnu)
host=(--python-version 3.11 --universal)  # whatever the host is and has, from 3.11 on

step "Locks"
lock hub/requirements "${image[@]}"
lock scheduler/requirements "${image[@]}"
lock scheduler/requirements-alone "${image[@]}" --no-deps
lock requirements-dev "${host[@]}"
# The smaller one last: it takes over the versions of the larger one.
lock setup/requirements "${host[@]}"
# What the tests sign in with and keep objects in: servers of their own, apart from .venv.
lock tests/provider/requirements "${host[@]}"
lock tests/servers/requirements "${host[@]}"
