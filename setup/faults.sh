#!/usr/bin/env bash
# Breaks every part of a platform while notebooks run, and prints what was lost:
#
#   setup/faults.sh [--only 2,14] [--long] [PYTEST ARGUMENTS…]
#
#   --only N,N   only the faults of these numbers (docs/reliability.md)
#   --long       faults in their full length: Redis is stopped for five minutes instead of one
#
# The platforms, and the engine that is killed, are the tests' own and are removed afterwards.
exec "$(dirname "$0")/test.sh" tests/faults tests/unit/server --all-faults "$@"
