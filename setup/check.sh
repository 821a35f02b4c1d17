#!/usr/bin/env bash
# Everything about the sources that needs no engine: format, lint, types, import rules, scripts.
# All of it is run before it fails, so that one look shows all there is to do.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

NIGHTDESK_PREFLIGHT=check setup/preflight.sh
setup/venv.sh dev

wrong=()
try() {
    local name=$1; shift
    step "$name"
    "$@" || wrong+=("$name")
}
bin=$NIGHTDESK_VENV/bin
shells() {
    local file bad=0
    for file in setup/*.sh .ci/run images/*.sh; do
        if [ -e "$file" ]; then bash -n "$file" || bad=1; fi
    done
    return $bad
}

try "Format" "$bin/ruff" format --check .
try "Lint" "$bin/ruff" check .
try "Types" "$bin/mypy"
try "Types of the setup scripts" env -C setup "$bin/mypy" --config-file= --strict --cache-dir ../.mypy_cache/setup .
try "Import rules" env PYTHONPATH=scheduler/src "$bin/lint-imports"
try "Shell scripts" shells
[ ${#wrong[@]} = 0 ] || die "make check: $(IFS=,; echo "${wrong[*]}") failed." "'make format' repairs what can be repaired by itself."
say "all is well"
