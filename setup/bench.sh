#!/usr/bin/env bash
# Measures the platform beside plain tools, as ratios: setup/bench.sh [ARGUMENTS of bench/run.py…]
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

[ -e bench/run.py ] || die "there is nothing to measure with: bench/run.py is missing."
NIGHTDESK_PREFLIGHT=check setup/preflight.sh
setup/engine.sh
setup/venv.sh dev
setup/os-image.sh
setup/images.sh
step "Measuring"
exec "$python" bench/run.py "$@"
