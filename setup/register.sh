#!/usr/bin/env bash
# Tells the platform which versions of environments were built, with the digest of each. A version
# never changes: one that was built anew under the same name stays out, and the image on record is
# the one that sessions and runs get.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

built=$NIGHTDESK_STATE/environments.json
[ -r "$built" ] || die "${built#"$PWD"/} is missing: no environment has been built." "Run: setup/images.sh"
step "Environments"
if said=$(compose exec -T worker python -m nightdesk.server.register <"$built" 2>&1); then
    sed 's/^/  /' <<<"$said" >&2
    exit 0
fi
sed 's/^/  /' <<<"$said" >&2
# What was built from changed sources is no reason to stop: everything goes on as it was. What is
# wrong in itself is.
if ! grep -q '^refused:' <<<"$said" || grep '^refused:' <<<"$said" | grep -qv 'versions never change'; then
    die "not every environment could be registered." "The lines above say which, and why."
fi
say "the versions refused above keep the image on record; what was just built for them is not used"
