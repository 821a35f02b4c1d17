#!/usr/bin/env bash
# Tells the platform which versions of environments were built, with the digest of each. A version
# is never changed: the same name with other content is refused, and this step says so.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

built=$NIGHTDESK_STATE/environments.json
[ -r "$built" ] || die "${built#"$PWD"/} is missing: no environment has been built." "Run: setup/images.sh"
step "Environments"
compose exec -T worker python -m nightdesk.server.register <"$built" | sed 's/^/  /' >&2 ||
    die "not every environment could be registered." "The lines above say which, and why."
