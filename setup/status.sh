#!/usr/bin/env bash
# What of the platform is running: its services, people's sessions and runs under way.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"
front

engine_answers >/dev/null || die "no Docker engine answers." "Run: make up"
list() {
    local title=$1; shift
    printf '%s\n' "$title"
    docker ps --all --filter "label=$1" ${2:+--filter "label=$2"} --format '{{.Names}}\t{{.Status}}' |
        awk -F '\t' '{printf "  %-36s %s\n", $1, $2; n++} END {if (!n) print "  none"}'
}
ours=org.nightdesk.project=$COMPOSE_PROJECT_NAME
list "Services of $COMPOSE_PROJECT_NAME ($(address))" "com.docker.compose.project=$COMPOSE_PROJECT_NAME"
list "Sessions" "$ours" org.nightdesk.role=session
list "Runs" "$ours" org.nightdesk.role=run
# Nothing else on this list says by itself that a wall is missing.
filter=$(docker inspect --format '{{.State.Health.Status}}' "$COMPOSE_PROJECT_NAME-egress-1" 2>/dev/null || echo missing)
case $filter in
    healthy | starting) ;;
    *) say "! what sessions and runs may reach is NOT filtered ($filter): make logs SERVICE=egress" ;;
esac
