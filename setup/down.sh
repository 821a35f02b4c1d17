#!/usr/bin/env bash
# Stops the platform's services and people's sessions. Data, homes, accounts and outputs stay, and
# so do containers of runs that are under way: they go on, and the next `make up` takes them over.
#
#   setup/down.sh [--state DIR | --project NAME] [--end-runs] [--purge]
#
#   --end-runs   end the runs under way as well; the next `make up` notes them as ended from outside
#   --purge      remove everything the platform has in the engine: containers, networks AND VOLUMES
#                (homes, outputs, accounts) and images that it built itself. Other images and
#                config/.env stay. Asks nothing.
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
        --purge) purge=yes; shift ;;
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

# What Compose labelled, first: without services nothing new comes. Then what the platform did.
both_labels=("label=com.docker.compose.project=$project" "$ours")

purge_all() {
    local label
    for label in "${both_labels[@]}"; do docker ps --all --quiet --filter "$label" | each docker rm --force --volumes; done
    for label in "${both_labels[@]}"; do docker network ls --quiet --filter "$label" | each docker network rm; done
    for label in "${both_labels[@]}"; do docker volume ls --quiet --filter "$label" | each docker volume rm; done
    let_images_go
    rm -f "$NIGHTDESK_STATE/log/"{start,down}"-$project.log"
}

# The images that this platform held for its versions. The names that it gave go, where nobody else holds
# the image; what setup/images.sh built (src-, was-) stays, for other platforms here and for the next one.
let_images_go() {
    local tag id names
    while read -r tag id; do
        [[ $tag =~ ^$project-[0-9a-f]{12}$ ]] || continue
        docker image rm "nightdesk/held:$tag" >/dev/null 2>&1 || continue
        names=$(docker image inspect --format '{{join .RepoTags "\n"}}' "$id" 2>/dev/null | grep '^nightdesk/' || true)
        case $names in *nightdesk/held:* | *:src-* | *:was-*) continue ;; esac
        each docker image rm <<<"$names" 2>/dev/null || true
    done < <(docker image ls --no-trunc --format '{{.Tag}} {{.ID}}' nightdesk/held)
}

stop_services() {
    local count
    count=$(containers --filter "label=com.docker.compose.project=$project" | wc -l)
    # From the root folder: there Compose goes by the project's labels and wants no settings.
    quietly "$NIGHTDESK_STATE/log/down-$project.log" env -C / docker compose --project-name "$project" down --remove-orphans --timeout 10
    say "stopped $count service(s)"
}

stop_sessions() {
    local count
    count=$(sessions | wc -l)
    if [ "$count" = 0 ]; then return; fi
    say "stopping $count session(s); what people saved stays in their homes"
    sessions | each docker stop --time 5
    sessions | each docker rm --force
}

# The filter of what leaves people's and runs' networks: rules on this machine, which outlive the service that keeps
# them. They go when nothing is left that they are for.
remove_filter() {
    docker image inspect nightdesk/scheduler:latest >/dev/null 2>&1 || return 0
    docker run --rm --network host --cap-drop ALL --cap-add NET_ADMIN --env "NIGHTDESK_PROJECT=$project" \
        nightdesk/scheduler:latest python -m nightdesk.server.egress --remove >/dev/null 2>&1 || true
}

runs() { containers --filter "$ours" --filter label=org.nightdesk.role=run; }

leave_runs() {
    local running name
    running=$(runs)
    if [ -z "$running" ]; then return; fi
    say "$(wc -l <<<"$running") run(s) go on in containers of their own and are taken over by the next 'make up':"
    while read -r name; do say "    $name"; done <<<"$running"
    say "to end them now: setup/down.sh --project $project --end-runs"
}

if [ -n "$purge" ]; then
    step "Removing $project and all its data"
    purge_all
    remove_filter
    say "removed everything of $project, its volumes too"
    exit 0
fi
step "Stopping $project"
stop_services
stop_sessions
if [ -n "$end_runs" ]; then runs | each docker stop --time 10; else leave_runs; fi
if [ -z "$(runs)" ]; then remove_filter; fi
say "stopped; all data stays. Again: make up"
