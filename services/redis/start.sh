#!/bin/sh
# Starts Redis with the password from NIGHTDESK_REDIS_PASSWORD, given on standard input: neither in
# the arguments, which every process can read, nor in a file.
set -eu
if [ -z "${NIGHTDESK_REDIS_PASSWORD:-}" ]; then
    echo "redis: NIGHTDESK_REDIS_PASSWORD is not set; it belongs in config/.env (make up writes it)." >&2
    exit 1
fi
case $NIGHTDESK_REDIS_PASSWORD in
    *[!A-Za-z0-9._~-]*)
        echo "redis: NIGHTDESK_REDIS_PASSWORD may hold letters, digits and . _ ~ - only." >&2
        exit 1 ;;
esac
exec redis-server - <<EOF
include /etc/redis/redis.conf
requirepass $NIGHTDESK_REDIS_PASSWORD
EOF
