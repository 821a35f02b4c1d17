#!/usr/bin/env bash
# Renews the pictures in docs/img from what the browser's tests see:
#
#   setup/pictures.sh [PYTEST ARGUMENTS…]
#
# Without arguments all that the docs have. The platform is the tests' own and is removed afterwards.
source "$(dirname "$0")/lib.sh"
if [ $# = 0 ]; then
  set -- tests/e2e/test_tutorial.py tests/e2e/test_lab_extension.py tests/e2e/test_environments.py --thorough \
    tests/e2e/test_runs_pages.py::test_the_page_of_the_example_as_the_readme_shows_it
fi
exec "$(dirname "$0")/test.sh" "$@" --renew-pictures
