#!/usr/bin/env bash
# Everything the tests need, then all tests: setup/test.sh [PYTEST ARGUMENTS…]
# They bring up a platform of their own beside the one that may be running here, and remove it.
source "$(dirname "$0")/lib.sh"
# What the caller calls the platform is nobody's business in here.
unset COMPOSE_PROJECT_NAME NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG NIGHTDESK_ENV_FILE NIGHTDESK_LOGIN_FILE \
    NIGHTDESK_URL NIGHTDESK_TOKEN
# In a shell of its own: what platform.sh exports must not reach the tests.
(
    source "$(dirname "$0")/platform.sh"
    mkdir -p "$NIGHTDESK_STATE"
    if have flock; then
        exec 9>"$NIGHTDESK_STATE/setup.lock"
        flock --nonblock 9 || { say "waiting for another setup on this machine to finish"; flock 9; }
    fi
    NIGHTDESK_PREFLIGHT=check setup/preflight.sh
    setup/engine.sh
    setup/venv.sh dev
    setup/browser.sh
    setup/os-image.sh
    setup/images.sh
)
cd "$(dirname "$0")/.."
step "Tests"
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m pytest "$@" </dev/null
