#!/usr/bin/env bash
# The settings file with its secrets (config/.env), made once from config/.env.example and only
# completed afterwards. Arguments KEY=VALUE are set in it; never give a secret here.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

interpreter=$python
[ -x "$interpreter" ] || interpreter=$(find_python) || die "no Python 3.11 or newer here." "Run 'make up', which says how to get it."
"$interpreter" setup/env_file.py ensure "$NIGHTDESK_ENV_FILE" config/.env.example "$@"
