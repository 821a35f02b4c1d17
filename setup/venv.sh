#!/usr/bin/env bash
# The host's Python environment (.venv) with the command `nightdesk`. Takes one argument:
#   up    what `make up` needs: the command line and the check of the configuration (default)
#   dev   what `make check` and `make test` need as well
# Both are locked with hashes and agree on every version, so that dev only adds to up. A stamp of
# the locks makes the second time instant.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

profile=${1:-up}
case $profile in
    up) lock=setup/requirements.txt ;;
    dev) lock=requirements-dev.txt ;;
    *) die "venv.sh: '$profile' is neither up nor dev." ;;
esac

# wanted LOCK: what the environment's stamp says when everything is as the lock has it.
wanted() { { cat "$1" scheduler/requirements-alone.txt scheduler/pyproject.toml; echo "$PWD $("$python" -VV)"; } | sha256; }
stamp=$NIGHTDESK_VENV/.nightdesk

if [ -x "$python" ] && [ "$(cat "$stamp-$profile" 2>/dev/null)" = "$(wanted "$lock")" ]; then
    say "$("$python" --version) environment is up to date ($profile)"
    exit 0
fi

step "Python environment ($profile)"
if [ ! -x "$python" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
    if ! base=$(find_python); then
        on_debian || die "no Python 3.11 or newer with the venv module on PATH." "Install python3 and python3-venv and run the command again."
        say "installing python3 and python3-venv from the system's packages"
        quietly "$NIGHTDESK_STATE/log/apt-python.log" sh -c 'apt-get update && apt-get install -y --no-install-recommends python3 python3-venv'
        base=$(find_python) || die "this system's own Python is older than 3.11." "Install Python 3.11 or newer and run the command again."
    fi
    say "making ${NIGHTDESK_VENV#"$PWD"/} with $("$base" --version)"
    quietly "$NIGHTDESK_STATE/log/venv.log" "$base" -m venv --clear "$NIGHTDESK_VENV"
fi
say "installing from $lock"
quietly "$NIGHTDESK_STATE/log/pip-$profile.log" "$python" -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock"
if [ "$profile" = dev ]; then
    quietly "$NIGHTDESK_STATE/log/pip-alone.log" "$python" -m pip install --disable-pip-version-check --no-input \
        --no-deps --require-hashes -r scheduler/requirements-alone.txt
    # As in the images: an optional checker of JSON-schema formats that costs each start a second, and tests start many.
    quietly "$NIGHTDESK_STATE/log/pip-without.log" "$python" -m pip uninstall --disable-pip-version-check --yes rfc3987-syntax lark
fi
quietly "$NIGHTDESK_STATE/log/pip-nightdesk.log" "$python" -m pip install --disable-pip-version-check --no-input \
    --no-deps --no-build-isolation -e scheduler
wanted "$lock" >"$stamp-$profile"
if [ "$profile" = dev ]; then wanted setup/requirements.txt >"$stamp-up"; fi
say "$NIGHTDESK_VENV/bin/nightdesk is ready"
