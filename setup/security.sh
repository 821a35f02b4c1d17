#!/usr/bin/env bash
# Tries every wall of the platform from outside, from a browser, and from inside sessions and runs, and
# prints the list, check by check:
#
#   setup/security.sh [PYTEST ARGUMENTS…]
#
# The checks: docs/security-checks.md. The platform is the tests' own and is removed afterwards.
source "$(dirname "$0")/lib.sh"
exec "$(dirname "$0")/test.sh" tests/security tests/unit tests/contract tests/integration tests/bad_input tests/e2e --security --thorough "$@"
