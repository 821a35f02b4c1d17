#!/usr/bin/env bash
# Measures the platform against plain tools, side by side in one run: setup/bench.sh [OPTIONS…]
# It brings up a platform of its own and removes it; --url measures one that is running. More: --help
source "$(dirname "$0")/lib.sh"
# What the caller calls the platform is nobody's business in here.
unset COMPOSE_PROJECT_NAME NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG NIGHTDESK_ENV_FILE NIGHTDESK_LOGIN_FILE
# In a shell of its own: what platform.sh exports must not reach the measuring.
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
)
cd "$(dirname "$0")/.."
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m bench "$@" </dev/null
