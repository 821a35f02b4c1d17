#!/usr/bin/env bash
# A Docker engine with buildx and Compose v2. One that answers is used as it is. Otherwise an
# installed one is started, and on Debian or Ubuntu, as root, a missing one is installed first.
source "$(dirname "$0")/lib.sh"

state=${NIGHTDESK_STATE:-.nightdesk}
mkdir -p "$state"

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
complete() { have docker && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; }

# The mirror that this machine already uses for Debian's packages.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1
}

install_engine() {
    local id=unknown
    if [ -r /etc/os-release ]; then id=$(. /etc/os-release && echo "$ID"); fi
    [ "$(id -u)" = 0 ] && have apt-get || die "no Docker engine here, and this script installs one only as root on Debian or Ubuntu." \
        "Install Docker Engine 26 or newer with buildx and Compose (https://docs.docker.com/engine/install/) and run the command again."
    case $id in
        debian) say "installing Docker from Debian's packages: docker.io docker-cli docker-buildx docker-compose" ;;
        ubuntu) say "installing Docker from Ubuntu's packages: docker.io docker-buildx docker-compose-v2" ;;
        *) die "no Docker engine here, and '$id' is not a system this script can install one on." \
               "Install Docker Engine 26 or newer with buildx and Compose (https://docs.docker.com/engine/install/) and run the command again." ;;
    esac
    if [ "$id" = ubuntu ]; then
        quietly "$state/log/apt.log" apt-get update
        quietly "$state/log/apt.log" apt-get install -y --no-install-recommends docker.io docker-buildx docker-compose-v2 iptables ca-certificates
        return
    fi
    local suite=()
    quietly "$state/log/apt.log" apt-get update
    # Asked of the packages and not of the system's version number: what is installed from the next
    # release may bring that along.
    if ! apt-cache show docker-cli docker-buildx >/dev/null 2>&1; then
        # Debian 12's own engine is too old (20.10): take the next release's, at a priority that
        # leaves every other package alone.
        local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        mirror=$(debian_mirror)
        [ -n "$mirror" ] || die "apt on this machine has no Debian mirror configured." "Install Docker Engine 26 or newer by hand and run the command again."
        printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$mirror" >/etc/apt/sources.list.d/nightdesk-trixie.list
        printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >/etc/apt/preferences.d/nightdesk-trixie
        suite=(-t trixie)
        quietly "$state/log/apt.log" apt-get update
    fi
    quietly "$state/log/apt.log" apt-get install -y --no-install-recommends "${suite[@]}" docker.io docker-cli docker-buildx docker-compose iptables ca-certificates
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        mkdir -p /var/log
        # Detached, and holding none of the caller's files, whichever they are: a daemon with the
        # caller's output (or the lock of `up.sh`) open would keep the caller waiting for ever.
        (
            for fd in /proc/self/fd/*; do
                fd=${fd##*/}
                if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then eval "exec $fd>&-"; fi
            done
            exec setsid dockerd --live-restore --log-driver json-file --log-opt max-size=64m
        ) </dev/null >>/var/log/nightdesk-dockerd.log 2>&1 &
        disown
    fi
    local tries=0
    until answers; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || die "the Docker engine did not answer within 60 seconds." "Its log: /var/log/nightdesk-dockerd.log"
        sleep 0.5
    done
}

if answers && complete; then
    say "Docker engine $(docker version --format '{{.Server.Version}}') answers"
    exit 0
fi
step "Docker engine"
have dockerd && complete || install_engine
hash -r
if ! answers; then
    [ "$(id -u)" = 0 ] || die "the Docker engine does not answer." "Start it, or ask to be added to the group 'docker', and run the command again."
    say "starting the engine"
    start_engine
fi
complete || die "docker is here, but its buildx or Compose plugin is not." "Install docker-buildx and docker-compose and run the command again."
say "Docker engine $(docker version --format '{{.Server.Version}}') answers"
