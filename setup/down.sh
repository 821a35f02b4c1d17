#!/usr/bin/env bash
# Stops the platform's services and people's sessions. Data, homes, accounts and outputs stay, and
# so do containers of runs that are under way: they go on, and the next `make up` takes them over.
#
#   setup/down.sh [--state DIR | --project NAME] [--end-runs] [--purge]
#
#   --end-runs   end the runs under way as well; the next `make up` notes them as ended from outside
#   --purge      remove everything the platform has in the engine: containers, networks AND VOLUMES
#                (homes, outputs, accounts). Images and config/.env stay. Asks nothing.
#
# It needs no settings file: everything is found by its label or project in the engine.
source "$(dirname "$0")/lib.sh"

platform_state="" settings=() purge="" end_runs=""
while [ $# -gt 0 ]; do
    case $1 in
        --state)
            [ $# -ge 2 ] || die "--state wants a folder."
            platform_state=$(cd "$2" 2>/dev/null && pwd) || die "there is no folder '$2'." "Give the project instead: --project NAME"
            [ -r "$platform_state/.env" ] || die "$2 holds no platform's settings." "Give the project instead: --project NAME"
            shift 2 ;;
        --project) [ $# -ge 2 ] || die "--project wants a name."; settings=("COMPOSE_PROJECT_NAME=$2"); shift 2 ;;
        --end-runs) end_runs=yes; shift ;;
        --purge) purge=yes; end_runs=yes; shift ;;
        -h | --help) sed -n '2,/^source/{/^source/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
        *) die "down.sh: unknown option '$1'." "See the top of setup/down.sh." ;;
    esac
done
source "$(dirname "$0")/platform.sh"
project=$COMPOSE_PROJECT_NAME

engine_answers >/dev/null || { say "no Docker engine answers: nothing of $project is running"; exit 0; }

ours="label=org.nightdesk.project=$project"
containers() { docker ps "$@" --format '{{.Names}}'; }
sessions() { containers --all --filter "$ours" --filter label=org.nightdesk.role=session; }

# each COMMAND…: runs it with the words on standard input, when there are any.
each() { xargs --no-run-if-empty "$@" >/dev/null; }

step "Stopping $project"
# From the root folder: there Compose goes by the project's labels and wants no settings.
services=$(containers --filter "label=com.docker.compose.project=$project" | wc -l)
quietly "$NIGHTDESK_STATE/log/down-$project.log" env -C / docker compose --project-name "$project" down --remove-orphans --timeout 10
say "stopped $services service(s)"

count=$(sessions | wc -l)
if [ "$count" -gt 0 ]; then
    say "stopping $count session(s); what people saved stays in their homes"
    sessions | each docker stop --time 5
    sessions | each docker rm --force
fi

if [ -n "$end_runs" ]; then
    containers --filter "$ours" --filter label=org.nightdesk.role=run | each docker stop --time 10
else
    running=$(containers --filter "$ours" --filter label=org.nightdesk.role=run)
    if [ -n "$running" ]; then
        say "$(printf '%s\n' "$running" | wc -l) run(s) go on in containers of their own and are taken over by the next 'make up':"
        while read -r name; do say "    $name"; done <<<"$running"
        say "to end them now: setup/down.sh --project $project --end-runs"
    fi
fi

if [ -z "$purge" ]; then
    say "stopped; all data stays. Again: make up"
    exit 0
fi

# Twice over: what the platform labelled, and what Compose did.
for label in "$ours" "label=com.docker.compose.project=$project"; do
    docker ps --all --quiet --filter "$label" | each docker rm --force --volumes
    docker network ls --quiet --filter "$label" | each docker network rm
    docker volume ls --quiet --filter "$label" | each docker volume rm
done
rm -f "$NIGHTDESK_STATE/log/start-$project.log" "$NIGHTDESK_STATE/log/down-$project.log"
say "removed everything of $project, its volumes too"
