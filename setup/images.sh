#!/usr/bin/env bash
# Builds the images that are missing: setup/images.sh [platform] [environments]   (default: both)
#
# Each image is tagged nightdesk/NAME:src-HASH with a hash of all that goes into it, and is built
# only when there is no image of that tag; then it gets the tag that people use (nightdesk/hub:latest,
# nightdesk/python-data:2026.11.1). What environments there are is written to environments.json in
# the state folder, for the platform to put on record.
#
#   NIGHTDESK_ENVIRONMENTS  build only these: "python-data:2026.11.1", "python-data", several
#   NIGHTDESK_CA            certificates to trust meanwhile (see setup/ca.sh)
#   NIGHTDESK_REBUILD=1     build even what is there, with the newest Debian packages
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

at_a_time=2
logs=$NIGHTDESK_STATE/log/images
packages=$NIGHTDESK_STATE/packages

engine_answers >/dev/null || die "the Docker engine does not answer." "Run setup/engine.sh, which starts or installs one."
[ -x "$python" ] || die "${NIGHTDESK_VENV#"$PWD"/} is missing; it reads environment.yaml." "Run setup/venv.sh and this again."
plan=$("$python" setup/image_plan.py "$@") || die "the images cannot be built as they are described." "The line above says what to change."

# What is here, "image:tag sha256:…" a line.
list_images() {
    listing=$(docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' --filter 'reference=nightdesk/*')
}
id_of() { awk -v image="$1" '$1 == image {print $2; exit}' <<<"$listing"; }

secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT

# Settings of this machine for the registries' clients, as files that only the steps which use a
# registry see. Only addresses: a folder of this machine means nothing inside a build.
gather_secrets() {
    local ca pip_settings setting value
    ca=$(setup/ca.sh)
    if [ -n "$ca" ]; then
        say "trusting the certificates in $ca while building"
        cp "$ca" "$secrets/ca"
    fi
    pip_settings=$("$python" -m pip config list 2>/dev/null || true)  # :env:.NAME='VALUE', global.NAME='VALUE'
    {
        echo '[global]'
        for setting in index-url extra-index-url trusted-host timeout proxy; do
            value=$(sed -nE "s/^(:env:|global)\\.$setting='(.*)'\$/\\2/p" <<<"$pip_settings" | head -n 1)
            value=$(sed 's/\\n/ /g' <<<"$value" | tr ' ' '\n' | grep -v '^file:' | xargs || true)
            if [ -n "$value" ]; then echo "$setting = $value"; fi
        done
    } >"$secrets/pip"
    value=${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}
    if [ -z "$value" ] && have npm; then value=$(npm config get registry 2>/dev/null || true); fi
    {
        case $value in http*) echo "registry=$value" ;; esac
        if [ -r ~/.npmrc ]; then grep '^//' ~/.npmrc || true; fi  # tokens are bound to a host
    } >"$secrets/npm"
}

# explain LOG: what to do about the failures that have a known cause.
explain() {
    if grep -qiE 'certificate verify failed|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|unable to get local issuer' "$1"; then
        say "A certificate was not trusted: set NIGHTDESK_CA to the bundle that this network needs."
    elif grep -qiE 'no space left on device' "$1"; then
        say "The disk is full: 'docker system df' shows what the engine holds, 'docker builder prune' frees its cache."
    elif grep -qiE 'Temporary failure (in name resolution|resolving)|EAI_AGAIN|Could not resolve|Name or service not known' "$1"; then
        say "A name was not found from inside a container: look at the engine's DNS ('dns' in /etc/docker/daemon.json)."
    elif grep -qiE 'DO NOT MATCH THE HASHES' "$1"; then
        say "A package is not the one that was locked: the index serves another file, or it was changed on its way."
    elif grep -qiE 'No matching distribution found|Could not find a version' "$1"; then
        say "The index lacks a locked version: lock again with images/lock.sh, or look at pip's index settings."
    elif grep -qiE 'debian:trixie-slim.*(not found|pull access denied|failed to)|failed to resolve source metadata' "$1"; then
        say "The Debian image is missing: run setup/os-image.sh."
    fi
}

# try_smoke IMAGE NOTEBOOK: the notebook, under the conditions of a run.
try_smoke() {
    docker run --rm --init --interactive --network none --read-only --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges --pids-limit 512 --tmpfs /tmp:mode=1777 \
        --tmpfs /home/nightdesk:uid=1000,gid=1000,mode=700 "$1" \
        papermill --no-progress-bar --log-output - /tmp/smoke.ipynb <"$2"
}

# build KIND IMAGE VERSION SOURCE FOLDER CONTEXTS BASES SMOKE SPEC: one image, tagged when it is fit.
build() {
    local kind=$1 image=$2 version=$3 source=$4 folder=$5 contexts=$6 bases=$7 smoke=$8 spec=$9
    local log=$logs/${image##*/}-$version.log began=$SECONDS arguments context id before
    arguments=(--progress plain --provenance=false --iidfile "$secrets/${image##*/}-$version.id"
        --secret "id=pip,src=$secrets/pip" --secret "id=npm,src=$secrets/npm" --label "org.nightdesk.source=$source")
    if [ -e "$secrets/ca" ]; then arguments+=(--secret "id=ca,src=$secrets/ca"); fi
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
    if [ "$kind" = environment ]; then
        arguments+=(--label "org.nightdesk.environment=${image##*/}" --label "org.nightdesk.version=$version"
            --label "org.nightdesk.spec=$spec")
    fi
    if ! (quietly "$log" docker build "${arguments[@]}" "$folder"); then
        explain "$log"
        return 1
    fi
    id=$(<"$secrets/${image##*/}-$version.id")
    if [ "$smoke" != - ]; then
        say "trying $smoke"
        if ! try_smoke "$id" "$smoke" >"$log.smoke" 2>&1; then
            tail -n 30 "$log.smoke" >&2
            say "The smoke notebook fails in the new image, which therefore gets no name. All it said: $log.smoke"
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
        if [ ! -e "$secrets/pip" ]; then
            step "Images"
            [ -n "$listing" ] || say "the first time takes a few minutes"
            gather_secrets
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

# environments.json: what the platform puts on record. What an image holds is asked for once.
write_environments() {
    local image version source spec id kept separator=""
    mkdir -p "$packages"
    {
        printf '['
        while IFS=$'\t' read -r _ image version source _ _ _ _ spec <&3; do
            [ "$spec" != - ] || continue
            id=$(id_of "$image:src-$source")
            kept=$packages/${id#sha256:}.json
            if [ ! -s "$kept" ]; then
                docker run --rm --network none --entrypoint cat "$id" /opt/nightdesk/packages.json >"$kept.new" ||
                    die "$image:$version has no list of packages." "Its Dockerfile is to end with install-packages (docs/environments.md)."
                mv "$kept.new" "$kept"
            fi
            printf '%s\n{"image":"%s","digest":"%s","source":"%s","spec":%s,"packages":%s}' "$separator" \
                "$image:$version" "$id" "$source" "$spec" "$(<"$kept")"
            separator=,
        done 3<<<"$plan"
        printf '\n]\n'
    } >"$NIGHTDESK_STATE/environments.json.new"
    mv "$NIGHTDESK_STATE/environments.json.new" "$NIGHTDESK_STATE/environments.json"
}

mkdir -p "$logs"
list_images
if have flock; then  # two at once would build everything twice
    exec 8>"$NIGHTDESK_STATE/images.lock"
    flock --nonblock 8 || { say "waiting for another build of the images to finish"; flock 8; list_images; }
fi
build_missing
list_images
name_images
case " $* " in *" environments "* | "  ") write_environments ;; esac
