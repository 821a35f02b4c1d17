#!/usr/bin/env bash
# Everything the tests need, then all tests: setup/test.sh [PYTEST ARGUMENTS…]
# They bring up a platform of their own beside the one that may be running here, and remove it.
source "$(dirname "$0")/ready.sh"
ready browser os-image images
unset NIGHTDESK_URL NIGHTDESK_TOKEN
unset PYTHONDONTWRITEBYTECODE # tests start many processes, each of which would compile the sources anew
step "Tests"
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m pytest "$@" </dev/null
