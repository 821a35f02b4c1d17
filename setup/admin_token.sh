#!/usr/bin/env bash
# A token for the command line on this machine, acting as the admin, unless the one there works.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

"$python" setup/admin_token.py --address "$(address)" --settings "$NIGHTDESK_ENV_FILE" --login "$NIGHTDESK_LOGIN_FILE"
