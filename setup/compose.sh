#!/usr/bin/env bash
# docker compose with a platform's own settings: setup/compose.sh [--state DIR] ARGUMENTS…
source "$(dirname "$0")/lib.sh"
if [ "${1:-}" = --state ]; then
    # shellcheck disable=SC2034  # read by platform.sh
    platform_state=$(cd "$2" && pwd) || die "there is no folder '$2'."
    shift 2
fi
source "$(dirname "$0")/platform.sh"
[ -r "$NIGHTDESK_ENV_FILE" ] || die "no platform has been set up here: ${NIGHTDESK_ENV_FILE#"$PWD"/} is missing." "Run: make up"
front
compose "$@"
