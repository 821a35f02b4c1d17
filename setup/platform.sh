# shellcheck shell=bash
# Which platform the setup steps are about. Sourced after lib.sh, never run. The caller's folder is
# kept in `caller`; the step then works in the repository's root.
#
# A platform is one settings file (config/.env by default): it names the Compose project, the
# address, the configuration file and the secrets. A variable of the same name in the caller's
# environment wins over the file, as Compose itself has it. Everything here only reads.
#
#   NIGHTDESK_ENV_FILE    the settings file                          config/.env
#   COMPOSE_PROJECT_NAME  prefix of everything in the engine         nightdesk
#   NIGHTDESK_PORT        where the platform answers                 8000
#   NIGHTDESK_BIND        on which of the machine's addresses        127.0.0.1
#   NIGHTDESK_CONFIG      what the operator edits                    config/nightdesk.yaml
#   NIGHTDESK_LOGIN_FILE  the admin's token for `nightdesk`          .venv/etc/nightdesk/login.json
#   NIGHTDESK_VENV        the host's Python environment              .venv
#   NIGHTDESK_STATE       logs and what was built, for all platforms .nightdesk
#
# A step that takes --state DIR sets `platform_state` before it sources this: then DIR's file alone
# says which platform it is, whatever the caller's environment names, because a command meant for
# one platform must never reach another. `settings` (KEY=VALUE …) is set on top of it.

# shellcheck disable=SC2034  # read by the steps that take paths from the command line
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "${1#./}" ;; esac; }

if [ -n "${platform_state:-}" ]; then
    unset COMPOSE_PROJECT_NAME NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG \
        NIGHTDESK_HTTPS_PORT NIGHTDESK_HTTP_PORT NIGHTDESK_TLS_FILES
    NIGHTDESK_ENV_FILE=$platform_state/.env
    NIGHTDESK_LOGIN_FILE=$platform_state/login.json
fi
for pair in ${settings[@]+"${settings[@]}"}; do export "${pair?}"; done
NIGHTDESK_ENV_FILE=$(absolute "${NIGHTDESK_ENV_FILE:-config/.env}")

# setting KEY DEFAULT: from the environment, else from the settings file, else the default.
setting() {
    local value=${!1:-}
    if [ -z "$value" ] && [ -r "$NIGHTDESK_ENV_FILE" ]; then
        value=$(sed -n "s/^$1=//p" "$NIGHTDESK_ENV_FILE" | tail -n 1)
    fi
    printf '%s' "${value:-$2}"
}

COMPOSE_PROJECT_NAME=$(setting COMPOSE_PROJECT_NAME nightdesk)
NIGHTDESK_PORT=$(setting NIGHTDESK_PORT 8000)
NIGHTDESK_BIND=$(setting NIGHTDESK_BIND 127.0.0.1)
NIGHTDESK_CONFIG=$(absolute "$(setting NIGHTDESK_CONFIG config/nightdesk.yaml)")
NIGHTDESK_VENV=$(absolute "${NIGHTDESK_VENV:-.venv}")
NIGHTDESK_STATE=$(absolute "${NIGHTDESK_STATE:-.nightdesk}")
NIGHTDESK_LOGIN_FILE=$(absolute "${NIGHTDESK_LOGIN_FILE:-$NIGHTDESK_VENV/etc/nightdesk/login.json}")
NIGHTDESK_HTTPS_PORT=$(setting NIGHTDESK_HTTPS_PORT 443)
NIGHTDESK_HTTP_PORT=$(setting NIGHTDESK_HTTP_PORT 80)
NIGHTDESK_TLS_FILES=$(absolute "$(setting NIGHTDESK_TLS_FILES config/tls)")
export NIGHTDESK_HTTPS_PORT NIGHTDESK_HTTP_PORT NIGHTDESK_TLS_FILES
export COMPOSE_PROJECT_NAME NIGHTDESK_ENV_FILE NIGHTDESK_PORT NIGHTDESK_BIND NIGHTDESK_CONFIG \
    NIGHTDESK_VENV NIGHTDESK_STATE NIGHTDESK_LOGIN_FILE

python=$NIGHTDESK_VENV/bin/python

# The engine that the hub and the worker talk to is the one this shell talks to.
case ${DOCKER_HOST:-} in unix://*) export NIGHTDESK_ENGINE_SOCKET=${DOCKER_HOST#unix://} ;; esac

# A container restarts when what it read at its start has changed.
if [ -r "$NIGHTDESK_CONFIG" ]; then
    NIGHTDESK_CONFIG_DIGEST=$(sha256 <"$NIGHTDESK_CONFIG")
    export NIGHTDESK_CONFIG_DIGEST
fi

# front: what site.tls and its neighbours say, as variables; nothing where the settings cannot be read yet.
front() {
    local line told
    NIGHTDESK_TLS=off NIGHTDESK_BEHIND_PROXY=""
    if [ -x "$python" ] && told=$("$python" -m nightdesk.config "$NIGHTDESK_CONFIG" --front 2>/dev/null); then
        while IFS= read -r line; do export "${line?}"; done <<<"$told"
    fi
    # Plain HTTP leaves this machine only where somebody else's server in front of it ends TLS.
    NIGHTDESK_PLAIN_BIND=127.0.0.1
    if [ "$NIGHTDESK_TLS" = off ]; then NIGHTDESK_PLAIN_BIND=$NIGHTDESK_BIND; fi
    export NIGHTDESK_TLS NIGHTDESK_PLAIN_BIND COMPOSE_PROFILES=""
    if [ "$NIGHTDESK_TLS" != off ]; then COMPOSE_PROFILES=tls; fi
}

loopback() { case $1 in 127.* | localhost | ::1 | '[::1]') return 0 ;; *) return 1 ;; esac; }

# plainly_published: would passwords cross the network readably?
plainly_published() {
    [ "$NIGHTDESK_TLS" = off ] && [ -z "$NIGHTDESK_BEHIND_PROXY" ] && ! loopback "$NIGHTDESK_BIND"
}

# The address on this machine. What people type may differ: site.public_url in the configuration.
address() {
    local host=${NIGHTDESK_PLAIN_BIND:-$NIGHTDESK_BIND}
    case $host in 0.0.0.0 | '') host=127.0.0.1 ;; esac
    printf 'http://%s:%s' "$host" "$NIGHTDESK_PORT"
}

compose() { docker compose --project-directory . --file docker-compose.yml --env-file "$NIGHTDESK_ENV_FILE" "$@"; }

engine_answers() { docker version --format '{{.Server.Version}}' 2>/dev/null; }

# A python3 of at least 3.11 that can make virtual environments; nothing when there is none.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if have "$candidate" && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}
