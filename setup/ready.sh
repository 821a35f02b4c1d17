# shellcheck shell=bash
# Sourced by what tests and measures. `ready [STEP…]` makes the machine ready, with further steps of setup/ in
# their order, without touching the platform that may run here, and goes to the repository's folder.
source "$(dirname "$0")/lib.sh"

ready() {
    # What the caller calls the platform is nobody's business in here.
    unset COMPOSE_PROJECT_NAME NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG NIGHTDESK_ENV_FILE NIGHTDESK_LOGIN_FILE
    # In a shell of its own: what platform.sh exports must not get any further.
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
        for step in "$@"; do "setup/$step.sh"; done
    )
    cd "$(dirname "$0")/.."
}
