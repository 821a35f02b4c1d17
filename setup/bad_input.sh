#!/usr/bin/env bash
# Hands over what is broken, odd or hostile, asks the API what its description allows and does not,
# and prints what each case got:
#
#   setup/bad_input.sh [PYTEST ARGUMENTS…]
#
# Here also what takes too long for `make test`. The cases: docs/bad-input.md. The platform is the
# tests' own and is removed afterwards.
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
elsewhere=$(grep -rl --include='test_*.py' 'mark\.case(' tests/unit tests/integration)
# shellcheck disable=SC2086 # a word for each file
exec setup/test.sh tests/bad_input tests/fuzz $elsewhere --thorough "$@"
