#!/usr/bin/env bash
# A storm of random faults over hundreds of runs, on a platform of its own: setup/soak.sh [--minutes N] [--seed S]
source "$(dirname "$0")/ready.sh"
ready
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m tests.soak "$@" </dev/null
