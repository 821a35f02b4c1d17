#!/bin/sh
# The one door into the platform: port 8000 for browsers, and the API by which the hub changes routes
# on the address that the name `proxy-api` has, so that no user's network reaches it.
# The API's token is read from CONFIGPROXY_AUTH_TOKEN.
set -eu
if [ -z "${CONFIGPROXY_AUTH_TOKEN:-}" ]; then
    echo "proxy: CONFIGPROXY_AUTH_TOKEN is not set; it belongs in config/.env (make up writes it)." >&2
    exit 1
fi
exec node --import /srv/proxy/addresses.mjs --import /srv/proxy/front.mjs --import /srv/proxy/pieces.mjs \
    --import /srv/proxy/bodies.mjs --import /srv/proxy/starting.mjs \
    /srv/proxy/node_modules/.bin/configurable-http-proxy \
    --ip 0.0.0.0 --port 8000 --api-ip proxy-api --api-port 8001 \
    --error-target http://hub:8081/hub/error --log-level warn "$@"
