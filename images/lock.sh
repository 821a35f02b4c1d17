#!/usr/bin/env bash
# Locks the packages of the base and of the environments, with hashes: images/lock.sh [FOLDER…]
# Folders are given as 'base' or 'python-data/2026.12.1'. Without arguments all of them, the base
# first, because its lock constrains the others. Versions stay where they are as far as
# requirements.in allows: delete requirements.txt to have the newest.
source "$(dirname "$0")/../setup/lib.sh"
source "$(dirname "$0")/../setup/platform.sh"
cd images

uv=$(command -v uv || echo "$NIGHTDESK_STATE/uv/bin/uv")
if [ ! -x "$uv" ]; then
    base=$(find_python) || die "no Python 3.11 or newer with the venv module on PATH."
    say "installing uv into ${NIGHTDESK_STATE}/uv"
    "$base" -m venv "$NIGHTDESK_STATE/uv"
    quietly "$NIGHTDESK_STATE/log/uv.log" "$NIGHTDESK_STATE/uv/bin/python" -m pip install --disable-pip-version-check uv
fi

lock() { # lock FOLDER NAME [OPTION…]
    local folder=$1 name=$2
    shift 2
    say "$folder/$name.txt"
    (cd "$folder" && "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
        --python-version 3.13 --python-platform x86_64-unknown-linux-gnu "$@" "$name.in" -o "$name.txt")
}

folders=("$@")
if [ ${#folders[@]} = 0 ]; then
    folders=(base)
    for file in */*/environment.yaml; do folders+=("$(dirname "$file")"); done
fi
for folder in "${folders[@]}"; do
    folder=${folder%/}
    [ -f "$folder/requirements.in" ] || die "images/$folder has no requirements.in." "Folders are given as 'base' or 'python-data/2026.12.1'."
    if [ "$folder" = base ]; then
        lock base build-requirements
        # An optional checker of JSON-schema formats that compiles some 35 grammars at every
        # `import jsonschema`: a second of each start. Nothing here asks for those formats.
        lock base requirements --no-emit-package rfc3987-syntax --no-emit-package lark
    else
        lock "$folder" requirements
        # A package of the environment's own needs something that makes a wheel of it.
        if [ -f "$folder/build-requirements.in" ]; then lock "$folder" build-requirements; fi
    fi
done
