#!/usr/bin/env bash
# Locks the packages of the base and of the environments, with hashes: images/lock.sh [FOLDER…]
# Without arguments all of them, the base first, because its lock constrains the others.
source "$(dirname "$0")/../setup/lib.sh"
cd "$(dirname "$0")"

uv=$(command -v uv || true)
[ -n "$uv" ] || die "locking needs 'uv', which is not on PATH." "Install it (pip install uv) and run the command again."

lock() { # lock FOLDER NAME [OPTION…]
    local folder=$1 name=$2
    shift 2
    say "$folder/$name.txt"
    (cd "$folder" && "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
        --python-version 3.13 --python-platform x86_64-unknown-linux-gnu "$@" "$name.in" -o "$name.txt")
}

folders=("$@")
[ ${#folders[@]} -gt 0 ] || folders=(base */*/)
for folder in "${folders[@]}"; do
    folder=${folder%/}
    [ -f "$folder/requirements.in" ] || die "images/$folder has no requirements.in." "Give folders as 'base' or 'python-data/2026.11.1'."
    if [ "$folder" = base ]; then
        lock base build-requirements
        # An optional checker of JSON-schema formats that compiles some 35 grammars at every
        # `import jsonschema`: a second of each start. Nothing here asks for those formats.
        lock base requirements --no-emit-package rfc3987-syntax --no-emit-package lark
    else
        lock "$folder" requirements
    fi
done
