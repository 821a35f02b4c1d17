#!/usr/bin/env bash
# Starts the services and waits until they answer. Services whose image and settings are the same
# as before are left running.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

front
mkdir -p "$NIGHTDESK_TLS_FILES"

limit=${NIGHTDESK_START_TIMEOUT:-180}
crashes_allowed=3  # a service may fall over once or twice while the others are starting

# A line `service state health` each; without a check of its own the health is missing.
services() { compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' 2>/dev/null; }
troubled() { services | awk '$2 != "running" || ($3 != "" && $3 != "healthy")'; }
names() { awk '{printf "%s%s", (n++ ? ", " : ""), $1}'; }

# How often the engine has started services anew, all together.
restarts() {
    local ids
    ids=$(compose ps --all --quiet)
    # shellcheck disable=SC2086  # one word each
    [ -z "$ids" ] || docker inspect --format '{{.RestartCount}}' $ids | awk '{n += $1} END {print n + 0}'
}

# What does not run, with its last words.
explain() {
    local service state health
    troubled | while read -r service state health; do
        printf '\n  %s is %s%s; its last words:\n' "$service" "$state" "${health:+ ($health)}" >&2
        compose logs --no-color --no-log-prefix --tail 25 "$service" 2>&1 </dev/null |
            sed $'s/\\x1b\\[[0-9;]*[A-Za-z]//g; s/^/    | /' | uniq >&2
    done
    die "$1" "What is above names the reason. All of a service's output: make logs SERVICE=…" "When the reason is gone: make up"
}

step "Services of $COMPOSE_PROJECT_NAME"
quietly "$NIGHTDESK_STATE/log/start-$COMPOSE_PROJECT_NAME.log" \
    docker compose --project-directory . --file docker-compose.yml --env-file "$NIGHTDESK_ENV_FILE" \
    up --detach --no-build --remove-orphans

before=$(restarts) said="" started=$SECONDS
while waiting=$(troubled | names) && [ -n "$waiting" ]; do
    elapsed=$((SECONDS - started))
    if [ "$waiting" != "$said" ] || [ $((elapsed % 15)) -eq 14 ]; then
        say "waiting for $waiting"
        said=$waiting
    fi
    [ $elapsed -lt "$limit" ] || explain "the services did not all answer within $limit seconds."
    [ $(($(restarts) - before)) -le $crashes_allowed ] || explain "a service ends as soon as it is started."
    sleep 0.5
done

# Healthy in itself is not yet in reach: a proxy that was just started knows no way before the hub
# has told it.
in_reach() {
    local host=${1#http://}
    { exec 3<>"/dev/tcp/${host%:*}/${host##*:}"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$2" "$host" >&3
    local code=""
    read -r -t 10 _ code _ <&3 || true
    exec 3>&-
    [ "$code" = 200 ]
}
for path in /hub/health /services/nightdesk/api/v1/health; do
    until in_reach "$(address)" "$path"; do
        [ $((SECONDS - started)) -lt "$limit" ] || explain "$(address)$path did not answer within $limit seconds."
        sleep 0.2
    done
done
say "running: $(services | names)"
