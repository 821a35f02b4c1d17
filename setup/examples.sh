#!/usr/bin/env bash
# The four examples, from nothing: a platform of their own beside the one that may run here, a PostgreSQL in a container,
# a member of the team, and everything that examples/run.py does. What it made stays, to be looked at:
#
#   setup/examples.sh [OPTIONS OF examples/run.py…]
#   setup/down.sh --state .nightdesk/examples             stop the platform; the database goes on
#   setup/down.sh --state .nightdesk/examples --purge     remove both with all their data
#
# EXAMPLES_PORT (8010) and EXAMPLES_DATABASE_PORT (5433) are where the two answer.
source "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."

state=.nightdesk/examples project=nightdesk-examples
port=${EXAMPLES_PORT:-8010} database_port=${EXAMPLES_DATABASE_PORT:-5433}
mkdir -p "$state/database"
chmod 700 "$state"

# What the platform's own setup would do first anyway; each looks, and does only what is missing.
(
    platform_state=$PWD/$state
    source setup/platform.sh
    mkdir -p "$NIGHTDESK_STATE"
    if have flock; then exec 9>"$NIGHTDESK_STATE/setup.lock"; flock 9; fi
    NIGHTDESK_PREFLIGHT=check setup/preflight.sh
    setup/engine.sh
    setup/venv.sh up
    setup/os-image.sh
)
python=$PWD/${NIGHTDESK_VENV:-.venv}/bin/python

step "The examples' database"
host=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
[ -n "$host" ] || host=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Subnet}}' | sed 's|\.0/.*|.1|')
if [ ! -s "$state/database/password" ]; then
    (umask 077; "$python" -c 'import secrets; print(secrets.token_urlsafe(18))' >"$state/database/password")
fi
quietly .nightdesk/log/examples-database.log docker build --tag "$project/database" examples/database
if [ "$(docker inspect --format '{{.State.Running}}' "$project-database" 2>/dev/null)" != true ]; then
    docker rm --force "$project-database" >/dev/null 2>&1 || true
    docker volume create --label "org.nightdesk.project=$project" "$project-database" >/dev/null
    docker run --detach --init --name "$project-database" --restart unless-stopped --network host \
        --label "org.nightdesk.project=$project" --env "HOST=$host" --env "PORT=$database_port" \
        --volume "$PWD/$state/database:/run/database:ro" --volume "$project-database:/var/lib/postgresql" \
        "$project/database" >/dev/null
fi
for _ in $(seq 300); do
    if docker logs "$project-database" 2>&1 | grep -q "the database is ready"; then break; fi
    sleep 0.2
done
docker logs "$project-database" 2>&1 | grep -q "the database is ready" ||
    die "the database did not start." "Its words: docker logs $project-database"
say "PostgreSQL answers at $host:$database_port"

# The shipped settings, and one line more: runs may reach the database, which is on this very machine.
"$python" - "$state/nightdesk.yaml" "$host:$database_port" <<'PYTHON'
import sys, pathlib, yaml
settings = yaml.safe_load(pathlib.Path("config/nightdesk.yaml").read_text("utf-8"))
settings["network"] = {"allow": [sys.argv[2]]}
pathlib.Path(sys.argv[1]).write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
PYTHON

setup/up.sh --state "$state" --project "$project" --port "$port" --config "$state/nightdesk.yaml"
exec "$python" setup/examples.py --state "$state" --address "http://127.0.0.1:$port" --database "$host:$database_port" -- "$@"
