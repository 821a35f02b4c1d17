#!/bin/sh
# Starts Caddy with the way to a certificate that site.tls says, and loads it anew when its files have changed.
set -eu
case ${NIGHTDESK_TLS:-off} in
    files)
        CERTIFICATE="tls /tls/fullchain.pem /tls/privkey.pem" ACME_EMAIL="" ACME_SERVER="" ACME_ROOT="" ;;
    acme)
        CERTIFICATE="" ACME_EMAIL=${NIGHTDESK_ACME_EMAIL:+email $NIGHTDESK_ACME_EMAIL} ACME_SERVER="acme_ca $NIGHTDESK_ACME_SERVER"
        ACME_ROOT=""
        # The certificate of an authority of your own.
        if [ -r /tls/acme-root.pem ]; then ACME_ROOT="acme_ca_root /tls/acme-root.pem"; fi ;;
    *)
        echo "tls: site.tls is '${NIGHTDESK_TLS:-}'; it is 'files' or 'acme' where this service runs." >&2
        exit 1 ;;
esac
export CERTIFICATE ACME_EMAIL ACME_SERVER ACME_ROOT
load() { caddy "$1" --config /etc/caddy/Caddyfile --adapter caddyfile ${2:+"$2"}; }

seen() { cat /tls/fullchain.pem /tls/privkey.pem 2>/dev/null | sha256sum; }
if [ "$NIGHTDESK_TLS" = files ]; then
    (
        before=$(seen)
        while sleep 15; do
            now=$(seen)
            [ "$now" != "$before" ] || continue
            # A renewal writes two files; half of one is refused, and what was loaded before goes on.
            if caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile --force --address unix//run/caddy/admin.sock 2>&1; then
                echo "tls: loaded the changed certificate"
                before=$now
            else
                echo "tls: the changed certificate cannot be used yet; the one before stays" >&2
            fi
        done
    ) &
fi
load run
