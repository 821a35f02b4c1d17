#!/usr/bin/env bash
# Builds the images that are missing: setup/images.sh [platform] [environments]   (default: both)
#
# Each image is tagged nightdesk/NAME:src-HASH with a hash of all that goes into it, and is built
# only when there is no image of that tag; then it gets the tag that people use (nightdesk/hub:latest,
# nightdesk/python-data:2026.12.1). What environments there are is written to environments.json in
# the state folder, for the platform to put on record.
#
#   NIGHTDESK_ENVIRONMENTS  build only these: "python-data:2026.12.1", "python-data", several
#   NIGHTDESK_CA            certificates to trust meanwhile (see setup/ca.sh)
#   NIGHTDESK_REBUILD=1     build even what is there, with the newest Debian packages
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

at_a_time=2
logs=$NIGHTDESK_STATE/log/images
reports=$NIGHTDESK_STATE/reports

engine_answers >/dev/null || die "the Docker engine does not answer." "Run setup/engine.sh, which starts or installs one."
[ -x "$python" ] || die "${NIGHTDESK_VENV#"$PWD"/} is missing; it reads environment.yaml." "Run setup/venv.sh and this again."
plan=$("$python" setup/image_plan.py "$@") || die "the images cannot be built as they are described." "The line above says what to change."

# What is here, "image:tag sha256:…" a line.
list_images() {
    listing=$(docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' --filter 'reference=nightdesk/*')
}
id_of() { awk -v image="$1" '$1 == image {print $2; exit}' <<<"$listing"; }

secrets=$NIGHTDESK_STATE/build-secrets  # the worker builds with them, too
ids=$(mktemp -d)
trap 'rm -rf "$ids"' EXIT

# Settings of this machine for the registries' clients, as files that only the steps which use a
# registry see. Only addresses: a folder of this machine means nothing inside a build.
gather_secrets() {
    local ca pip_settings setting value
    mkdir -p "$secrets"
    chmod 700 "$secrets"
    ca=$(setup/ca.sh)
    if [ -n "$ca" ]; then cp "$ca" "$secrets/ca.new"; else : >"$secrets/ca.new"; fi
    pip_settings=$("$python" -m pip config list 2>/dev/null || true)  # :env:.NAME='VALUE', global.NAME='VALUE'
    {
        echo '[global]'
        for setting in index-url extra-index-url trusted-host timeout proxy; do
            value=$(sed -nE "s/^(:env:|global)\\.$setting='(.*)'\$/\\2/p" <<<"$pip_settings" | head -n 1)
            value=$(sed 's/\\n/ /g' <<<"$value" | tr ' ' '\n' | grep -v '^file:' | xargs || true)
            if [ -n "$value" ]; then echo "$setting = $value"; fi
        done
    } >"$secrets/pip.new"
    value=${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}
    if [ -z "$value" ] && have npm; then value=$(npm config get registry 2>/dev/null || true); fi
    {
        case $value in http*) echo "registry=$value" ;; esac
        if [ -r ~/.npmrc ]; then grep '^//' ~/.npmrc || true; fi  # tokens are bound to a host
    } >"$secrets/npm.new"
    for setting in http_proxy https_proxy no_proxy; do
        if [ -n "${!setting:-}" ]; then echo "$setting=${!setting}"; fi
    done >"$secrets/proxies.new"
    for value in ca pip npm proxies; do
        chmod 600 "$secrets/$value.new"
        mv "$secrets/$value.new" "$secrets/$value"
    done
}

# explain LOG: what to do about the failures that have a known cause.
explain() {
    local words
    words=$("$python" -m nightdesk.server.domain.build_failure <"$1")
    if [ -n "$words" ]; then say "$words"; fi
}

hub_version() { sed -n 's/^jupyterhub==\([^ ]*\).*/\1/p' images/base/requirements.txt; }

# try_out IMAGE SMOKE SPEC: whether people can have sessions and runs in the image. The program is the
# one that the platform tries its own builds with, under the conditions of a run; its report is kept.
try_out() {
    local kit=$ids/${1#sha256:}.zip smoke=()
    if [ "$2" != - ]; then smoke=("$2"); fi
    mkdir -p "$reports"
    "$python" -m nightdesk.preflight pack "$3" ${smoke[@]+"${smoke[@]}"} --hub "$(hub_version)" >"$kit"
    # The program prints each failing check and ends with 1; what counts is what `show` makes of it.
    { docker run --rm --init --interactive --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges --pids-limit 512 --memory 2g --memory-swap 2g --tmpfs /tmp:mode=1777 \
        --tmpfs /home/nightdesk:uid=1000,gid=1000,mode=755 --tmpfs /nightdesk:uid=1000,gid=1000,exec \
        --env HOME=/home/nightdesk --workdir /nightdesk --entrypoint sh "$1" \
        -c 'cat >/tmp/preflight.zip && exec python3 -I /tmp/preflight.zip' <"$kit" || true; } |
        "$python" -m nightdesk.preflight show "$reports/${1#sha256:}.json"
}

# earlier_of IMAGE FOLDER BASE: an image of the same environment to change instead of starting from the
# base, where the Dockerfile can: it stands on this very base and not on a pile of others, and three of
# four of the packages are the same.
earlier_of() {
    local image=$1 folder=$2 base=$3 below layers tag other same all
    grep -q '^ARG EARLIER' "$folder/Dockerfile" || return 0
    below=$(docker image inspect --format '{{join .RootFS.Layers " "}}' "$base") || return 0
    for tag in $(docker image ls --format '{{.Tag}}' "$image"); do  # the newest first
        other=${folder%/*}/$tag/requirements.txt
        [ -f "$other" ] || continue
        layers=$(docker image inspect --format '{{join .RootFS.Layers " "}}' "$image:$tag") || continue
        case $layers in "$below "*) ;; *) continue ;; esac
        [ "$(wc -w <<<"${layers#"$below "}")" -le 24 ] || continue
        same=$(comm -12 <(pins "$folder/requirements.txt") <(pins "$other") | wc -l)
        all=$(pins "$folder/requirements.txt" | wc -l)
        if [ $((same * 4)) -ge $((all * 3)) ]; then printf '%s:%s' "$image" "$tag"; return 0; fi
    done
}
pins() { grep -oE '^[A-Za-z0-9._-]+==[^ ;]+' "$1" | LC_ALL=C sort; }

# build KIND IMAGE VERSION SOURCE FOLDER CONTEXTS BASES SMOKE SPEC: one image, tagged when it is fit.
build() {
    local kind=$1 image=$2 version=$3 source=$4 folder=$5 contexts=$6 bases=$7 smoke=$8 spec=$9
    local log=$logs/${image##*/}-$version.log began=$SECONDS arguments context id before earlier
    arguments=(--progress plain --provenance=false --iidfile "$ids/${image##*/}-$version.id"
        --secret "id=pip,src=$secrets/pip" --secret "id=npm,src=$secrets/npm" --label "org.nightdesk.source=$source")
    if [ -s "$secrets/ca" ]; then arguments+=(--secret "id=ca,src=$secrets/ca"); fi
    if [ -n "${NIGHTDESK_REBUILD:-}" ]; then arguments+=(--no-cache); fi
    for context in http_proxy https_proxy no_proxy; do
        if [ -n "${!context:-}" ]; then arguments+=(--build-arg "$context"); fi
    done
    if [ "$contexts" != - ]; then
        for context in ${contexts//,/ }; do arguments+=(--build-context "$context"); done
    fi
    if [ "$bases" != - ]; then
        for context in ${bases//,/ }; do arguments+=(--build-arg "$context"); done
    fi
    if [ "$kind" = packages ] && [ -z "${NIGHTDESK_REBUILD:-}" ]; then
        earlier=$(earlier_of "$image" "$folder" "${bases#BASE=}")
        if [ -n "$earlier" ]; then
            say "changing what differs from $earlier"
            arguments+=(--build-arg "EARLIER=$earlier")
        fi
    fi
    if [ "$kind" = environment ]; then
        arguments+=(--label "org.nightdesk.environment=${image##*/}" --label "org.nightdesk.version=$version"
            --label "org.nightdesk.spec=$spec")
    fi
    if ! (quietly "$log" docker build "${arguments[@]}" "$folder"); then
        explain "$log"
        return 1
    fi
    id=$(<"$ids/${image##*/}-$version.id")
    if [ "$kind" = environment ]; then
        say "trying it as a session and as a run"
        if ! try_out "$id" "$smoke" "$spec" >"$log.trial" 2>&1; then
            tail -n 30 "$log.trial" >&2
            say "The new image does not pass, and therefore gets no name. All that was said: $log.trial"
            return 1
        fi
    fi
    before=$(id_of "$image:src-$source")
    if [ "$kind" = environment ] && [ -n "$before" ] && [ "$before" != "$id" ]; then
        docker tag "$before" "$image:was-${before:7:12}"  # built again: runs may still ask for the first
    fi
    docker tag "$id" "$image:src-$source"
    say "built in $((SECONDS - began)) s, $(docker image inspect --format '{{.Size}}' "$id" | awk '{printf "%d MB", $1 / 1e6}')"
}

# Builds at most two at a time, in the plan's order; what stands on another image waits for it.
build_missing() {
    local kind image version source folder contexts bases smoke spec base pid failed=0
    local -A builds=()  # what is being built, and by which process
    while IFS=$'\t' read -r kind image version source folder contexts bases smoke spec <&3; do
        if [ -z "${NIGHTDESK_REBUILD:-}" ] && [ -n "$(id_of "$image:src-$source")" ]; then continue; fi
        if [ ${#builds[@]} = 0 ]; then
            step "Images"
            [ -n "$listing" ] || say "the first time takes a few minutes"
            if [ -s "$secrets/ca" ]; then say "trusting the certificates that setup/ca.sh names while building"; fi
        fi
        while [ "$(jobs -rp | wc -l)" -ge $at_a_time ]; do wait -n || failed=1; done
        for base in ${bases//,/ }; do
            pid=${builds[${base#*=}]:-}
            [ -z "$pid" ] || wait "$pid" || failed=1
        done
        [ "$failed" = 0 ] || break
        say "$image:$version: building (log: ${logs#"$PWD"/}/${image##*/}-$version.log)"
        (build "$kind" "$image" "$version" "$source" "$folder" "$contexts" "$bases" "$smoke" "$spec" 2>&1 |
            sed -u "s|^ \{0,2\}|  ${image#nightdesk/}:$version: |" >&2) &
        builds[$image:src-$source]=$!
    done 3<<<"$plan"
    for pid in "${builds[@]}"; do wait "$pid" || failed=1; done
    [ "$failed" = 0 ] || die "not every image could be built; what was built stays." \
        "The lines above say which failed, and why. Logs: ${logs#"$PWD"/}"
}

# The names that people and the compose file use. What had the name before is forgotten, but for
# environments: those builds may be on record, and runs ask for them by digest.
name_images() {
    local kind image version source id before tag
    while IFS=$'\t' read -r kind image version source _ <&3; do
        id=$(id_of "$image:src-$source")
        [ -n "$id" ] || die "$image:src-$source is gone." "Another program removes images here; run this again."
        before=$(id_of "$image:$version")
        if [ "$before" != "$id" ]; then
            docker tag "$id" "$image:$version"
            if [ "$kind" != environment ] && [ -n "$before" ]; then
                for tag in $(awk -v id="$before" -v start="$image:src-" '$2 == id && index($1, start) == 1 {print $1}' <<<"$listing"); do
                    docker image rm "$tag" >/dev/null 2>&1 || true  # a container still uses it
                done
            fi
        fi
        if [ "$kind" != packages ]; then say "$(printf '%-34s %.19s' "$image:$version" "$id")"; fi
    done 3<<<"$plan"
}

# environments.json: what the platform puts on record. An image is tried once.
write_environments() {
    local image version source smoke spec id
    while IFS=$'\t' read -r _ image version source _ _ _ smoke spec <&3; do
        [ "$spec" != - ] || continue
        id=$(id_of "$image:src-$source")
        if [ ! -s "$reports/${id#sha256:}.json" ]; then
            say "trying $image:$version"
            try_out "$id" "$smoke" "$spec" >&2 || die "$image:$version does not pass." "The lines above say what is wrong."
        fi
    done 3<<<"$plan"
    "$python" setup/image_facts.py "$reports" <<<"$plan" >"$NIGHTDESK_STATE/environments.json.new"
    mv "$NIGHTDESK_STATE/environments.json.new" "$NIGHTDESK_STATE/environments.json"
}

mkdir -p "$logs"
list_images
if have flock; then  # two at once would build everything twice
    exec 8>"$NIGHTDESK_STATE/images.lock"
    flock --nonblock 8 || { say "waiting for another build of the images to finish"; flock 8; list_images; }
fi
gather_secrets
build_missing
list_images
name_images
case " $* " in *" environments "* | "  ") write_environments ;; esac
