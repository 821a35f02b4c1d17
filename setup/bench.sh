#!/usr/bin/env bash
# Measures the platform against plain tools, side by side in one run: setup/bench.sh [OPTIONS…]
# It brings up a platform of its own and removes it; --url measures one that is running. More: --help
source "$(dirname "$0")/ready.sh"
ready browser
exec "${NIGHTDESK_VENV:-.venv}/bin/python" -m bench "$@" </dev/null
