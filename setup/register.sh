#!/usr/bin/env bash
# Tells the platform which versions of environments were built, with the digest of each. A version
# never changes: one that was built anew under the same name stays out, and the image on record is
# the one that sessions and runs get.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

built=$NIGHTDESK_STATE/environments.json
[ -r "$built" ] || die "${built#"$PWD"/} is missing: no environment has been built." "Run: setup/images.sh"
step "Environments"
# It writes recipes into the store, where the api, of the same group, has to write beside them.
if ! compose exec -T worker sh -c 'umask 002; exec python -m nightdesk.server.register' <"$built" 2>&1 | sed 's/^/  /' >&2; then
    die "not every environment could be registered." "The lines above say which, and why."
fi
