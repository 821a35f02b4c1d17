#!/usr/bin/env bash
# Removes the platform of config/.env with all its data, when its name is given: purge.sh NAME
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

if [ "${1:-}" != "$COMPOSE_PROJECT_NAME" ]; then
    die "this removes every home, output and account of '$COMPOSE_PROJECT_NAME' for good." \
        "If that is what you want: make purge CONFIRM=$COMPOSE_PROJECT_NAME"
fi
exec setup/down.sh --project "$COMPOSE_PROJECT_NAME" --purge
