#!/usr/bin/env bash
# The operator's file (config/nightdesk.yaml) is right, or this says which line is not.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

shown=${NIGHTDESK_CONFIG#"$PWD"/}
[ -r "$NIGHTDESK_CONFIG" ] || die "there is no file $shown to read." "Its name stands in ${NIGHTDESK_ENV_FILE#"$PWD"/}, key NIGHTDESK_CONFIG."
"$python" -m nightdesk.config "$shown" || die "$shown is wrong; nothing was started." "Each line above says the place and what belongs there."
say "$shown is valid"
