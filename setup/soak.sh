#!/usr/bin/env bash
# A storm of random faults over hundreds of runs, on a platform of its own: setup/soak.sh [--minutes N] [--seed S]
source "$(dirname "$0")/lib.sh"
# What the caller calls the platform is nobody's business in here.
unset COMPOSE_PROJECT_NAME NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG NIGHTDESK_ENV_FILE NIGHTDESK_LOGIN_FILE
# In a shell of its own: what platform.sh exports must not reach the storm.
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
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m tests.soak "$@" </dev/null
