#!/usr/bin/env bash
# From a fresh machine to a finished run: everything set up, the platform up, and a member of the
# team, ada, handing over a real notebook from inside her own session. Succeeds only if the run did,
# in exactly the image that she works in. Takes the options of up.sh, --state first.
source "$(dirname "$0")/lib.sh"

"$(dirname "$0")/up.sh" "$@"
if [ "${1:-}" = --state ]; then
    # shellcheck disable=SC2034  # read by platform.sh
    platform_state=$(cd "$2" && pwd)
fi
source "$(dirname "$0")/platform.sh"
exec "$python" setup/demo.py --address "$(address)" --settings "$NIGHTDESK_ENV_FILE" \
    --project "$COMPOSE_PROJECT_NAME" --passwords "${platform_state:-$NIGHTDESK_STATE}/demo.env"
