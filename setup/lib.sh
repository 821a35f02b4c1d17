# shellcheck shell=bash
# What every setup step shares: how it speaks and how it fails. Sourced, never run.
set -euo pipefail
umask 022

say()  { printf '  %s\n' "$*" >&2; }
step() { printf '\n[%s] %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
die()  { printf '\nnightdesk: %s\n' "$1" >&2; shift; for line in "$@"; do printf '  %s\n' "$line" >&2; done; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# quietly LOGFILE COMMAND…: the command's output goes to the log; a dot every few seconds shows
# that it lives; when it fails the last lines of the log are shown.
quietly() {
    local log=$1; shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null &
    local pid=$! seconds=0 tenths=0
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        tenths=$((tenths + 2))
        if [ $((tenths % 10)) -eq 0 ]; then
            seconds=$((tenths / 10))
            if [ $((seconds % 10)) -eq 0 ]; then printf '  … %ss\n' "$seconds" >&2; fi
        fi
    done
    if ! wait "$pid"; then
        tail -n 30 "$log" >&2
        die "'$1' failed; the last lines of its output are above." "The whole of it: $log"
    fi
}

# on_debian: may this script install packages here? Only as root, with apt, on Debian or Ubuntu.
on_debian() {
    [ "$(id -u)" = 0 ] && have apt-get && [ -r /etc/os-release ] || return 1
    case $(. /etc/os-release && echo "$ID") in debian | ubuntu) return 0 ;; *) return 1 ;; esac
}

# sha256 of everything on standard input, alone.
sha256() { sha256sum | cut -d ' ' -f 1; }
