#!/usr/bin/env bash
# Breaks every part of a platform while notebooks run, and prints what was lost:
#
#   setup/faults.sh [--only 2,14] [--long] [PYTEST ARGUMENTS…]
#
#   --only N,N   only the faults of these numbers (docs/reliability.md)
#   --long       faults in their full length: Redis is stopped for five minutes instead of one
#
# The platforms, and the engine that is killed, are the tests' own and are removed afterwards.
source "$(dirname "$0")/lib.sh"
if ! compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null && on_debian; then
    say "installing libfaketime, for the fault of a clock that somebody sets"
    apt-get update -qq >/dev/null && apt-get install -qq -y --no-install-recommends libfaketime >/dev/null ||
        say "libfaketime could not be installed; that fault is left out"
fi
exec "$(dirname "$0")/test.sh" tests/faults tests/unit/server tests/contract --all-faults "$@"
