#!/usr/bin/env bash
# Everything the tests need, then all tests: setup/test.sh [PYTEST ARGUMENTS…]
# They bring up a platform of their own beside the one that may be running here, and remove it.
source "$(dirname "$0")/ready.sh"
ready browser os-image images
unset NIGHTDESK_URL NIGHTDESK_TOKEN
unset PYTHONDONTWRITEBYTECODE # tests start many processes, each of which would compile the sources anew
step "Tests"
python=${NIGHTDESK_VENV:-.venv}/bin/python
if [ $# -eq 0 ]; then
    # Those that need no platform beside those that do, which wait most of their time; their words come at the end.
    log=${NIGHTDESK_STATE:-.nightdesk}/log
    mkdir -p "$log"
    nice -n 10 "$python" -m pytest tests/unit -p no:cacheprovider --tell "$log/tests-unit.jsonl" </dev/null >"$log/tests-unit.log" 2>&1 &
    set -- --ignore=tests/unit --beside "$!:$log/tests-unit.jsonl:$log/tests-unit.log"
fi
exec "$python" -m pytest "$@" </dev/null
