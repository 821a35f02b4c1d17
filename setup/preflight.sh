#!/usr/bin/env bash
# Everything that can be known to go wrong, checked before anything is changed. Changes nothing.
# NIGHTDESK_PREFLIGHT=check leaves out what only a running platform needs (port, memory).
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

scope=${NIGHTDESK_PREFLIGHT:-up}
wrong=0
fail() { wrong=$((wrong + 1)); printf '\n  ✗ %s\n' "$1" >&2; shift; for line in "$@"; do printf '    %s\n' "$line" >&2; done; }
warn() { printf '  ! %s\n' "$*" >&2; }

# at_least WANTED HAVE: compares dotted version numbers.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_system() {
    [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the platform runs on Linux." "Use a Linux machine or a virtual one."
    case $(uname -m) in
        x86_64 | amd64 | aarch64 | arm64) ;;
        *) fail "the processor is $(uname -m); x86-64 and 64-bit ARM are supported." ;;
    esac
}

check_engine() {
    local version
    if version=$(engine_answers) && [ -n "$version" ]; then
        at_least 26 "$version" || fail "the Docker engine here is $version; 26 or newer is needed." \
            "Upgrade it (https://docs.docker.com/engine/install/) and run the command again."
        return
    fi
    if [ "$(id -u)" = 0 ]; then
        have dockerd || on_debian || fail "no Docker engine here, and this is not Debian or Ubuntu, where setup could install one." \
            "Install Docker Engine 26 or newer with buildx and Compose (https://docs.docker.com/engine/install/)."
    elif [ -S /var/run/docker.sock ]; then
        fail "the Docker engine does not let $(id -un) in." "Run: sudo usermod -aG docker $(id -un)   then sign in again."
    else
        fail "no Docker engine answers, and only root may install or start one." \
            "Start it (sudo systemctl start docker), or run this command once as root."
    fi
}

check_python() {
    find_python >/dev/null || on_debian || fail "no Python 3.11 or newer with the venv module on PATH." \
        "Install python3 and python3-venv (3.11 or newer) and run the command again."
}

# free_gigabytes FOLDER: of the file system that holds it, or would.
free_gigabytes() {
    local folder=$1
    until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
    df -Pk "$folder" | awk 'NR == 2 {printf "%d", $4 / 1048576}'
}

check_disk() {
    local folder needed=10 free
    folder=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || true)
    # Once the images are there, room for outputs is what remains to be wanted.
    if docker image inspect nightdesk/hub:latest >/dev/null 2>&1; then needed=2; fi
    free=$(free_gigabytes "${folder:-/var/lib/docker}")
    [ "$free" -ge "$needed" ] || fail "${free} GB free under ${folder:-/var/lib/docker}; ${needed} GB are needed for images and data." \
        "Make room (docker system df shows what the engine holds), or move the engine's data-root."
    free=$(free_gigabytes "$PWD")
    [ "$free" -ge 1 ] || fail "less than 1 GB free under $PWD." "Make room and run the command again."
}

check_memory() {
    local megabytes
    megabytes=$(awk '/^MemTotal:/ {printf "%d", $2 / 1024}' /proc/meminfo)
    if [ "$megabytes" -lt 1800 ]; then
        fail "this machine has ${megabytes} MB of memory; the platform and one person's notebook need 2 GB." "4 GB and more are comfortable."
    elif [ "$megabytes" -lt 3600 ]; then
        warn "this machine has ${megabytes} MB of memory; with more than two people at work 4 GB and more are needed"
    fi
}

# key_place KEY: where the operator finds it, as file:line.
key_place() {
    local line
    line=$(grep -n "^$1=" "$NIGHTDESK_ENV_FILE" 2>/dev/null | tail -n 1 | cut -d : -f 1 || true)
    printf '%s%s' "${NIGHTDESK_ENV_FILE#"$PWD"/}" "${line:+:$line}"
}

check_port() {
    local host=$NIGHTDESK_BIND published
    [ "$host" = 0.0.0.0 ] && host=127.0.0.1
    (exec 3<>"/dev/tcp/$host/$NIGHTDESK_PORT") 2>/dev/null || return 0
    published=$(docker ps --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
        --filter label=com.docker.compose.service=proxy --format '{{.Ports}}' 2>/dev/null || true)
    case $published in *":$NIGHTDESK_PORT->"*) return 0 ;; esac
    fail "$(key_place NIGHTDESK_PORT): NIGHTDESK_PORT: port $NIGHTDESK_PORT on $host is taken by another program." \
        "Give the platform another one there, or for this once: NIGHTDESK_PORT=8010 make up"
}

check_settings() {
    local interpreter
    interpreter=$(find_python) || return 0
    "$interpreter" setup/env_file.py check "$NIGHTDESK_ENV_FILE" config/.env.example || fail "the settings above are wrong."
    [ -r "$NIGHTDESK_CONFIG" ] || fail "$(key_place NIGHTDESK_CONFIG): NIGHTDESK_CONFIG: there is no file ${NIGHTDESK_CONFIG#"$PWD"/} to read."
    # The rules live in the package, so this one waits for the first `make up` to install it.
    if [ -x "$python" ] && "$python" -c 'import nightdesk.config, yaml, pydantic' 2>/dev/null; then
        "$python" -m nightdesk.config "$NIGHTDESK_CONFIG" || fail "the configuration above is wrong."
    fi
}

step "Pre-flight (changes nothing)"
check_system
check_python
check_engine
check_disk
if [ "$scope" = up ]; then
    check_memory
    check_port
    check_settings
fi
[ "$wrong" = 0 ] || die "pre-flight found $wrong problem(s); nothing has been changed."
say "this machine is ready"
