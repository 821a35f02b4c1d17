#!/usr/bin/env bash
# Sets everything up and starts the platform: an ordered list of small steps, each of which looks
# first and does only what is missing, so that a second time takes seconds.
#
#   setup/up.sh [--state DIR] [--project NAME] [--port N] [--config FILE]
#
# Without options: the platform of config/.env. A second platform, beside a running one, is a
# settings file of its own:
#
#   setup/up.sh   --state DIR --project NAME --port N [--config FILE]
#   setup/compose.sh --state DIR logs worker
#   setup/down.sh --state DIR --purge          (or --project NAME --purge, when DIR is gone)
#
# DIR then holds everything that is that platform's own on the host: `.env` (project, port,
# configuration file, its own secrets; mode 600) and `login.json` (the admin's token: NIGHTDESK_URL
# and NIGHTDESK_TOKEN for the command line). What it has in the engine is prefixed and labelled with
# NAME. The images, the engine, .venv and the logs in .nightdesk/ are shared with the first one:
# they are made from the same sources. Options are recorded in DIR/.env, so that later commands
# need --state alone.
source "$(dirname "$0")/lib.sh"

platform_state="" settings=()
while [ $# -gt 0 ]; do
    case $1 in
        --state | --project | --port | --config) [ $# -ge 2 ] || die "$1 wants a value." "See the top of setup/up.sh." ;;
    esac
    case $1 in
        --state) mkdir -p "$2"; platform_state=$(cd "$2" && pwd); shift 2 ;;
        --project) settings+=("COMPOSE_PROJECT_NAME=$2"); shift 2 ;;
        --port) settings+=("NIGHTDESK_PORT=$2"); shift 2 ;;
        --config) settings+=("NIGHTDESK_CONFIG=$(realpath -- "$2")"); shift 2 ;;
        -h | --help) sed -n '2,/^source/{/^source/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
        *) die "up.sh: unknown option '$1'." "See the top of setup/up.sh." ;;
    esac
done
if [ -z "$platform_state" ] && [ ${#settings[@]} -gt 0 ]; then
    die "--project, --port and --config describe a platform of its own." \
        "Give it a folder: --state DIR. For the platform of config/.env change them there."
fi
source "$(dirname "$0")/platform.sh"
if [ -n "$platform_state" ] && [ "$COMPOSE_PROJECT_NAME" = "$(NIGHTDESK_ENV_FILE=config/.env; unset COMPOSE_PROJECT_NAME; setting COMPOSE_PROJECT_NAME nightdesk)" ]; then
    die "the project '$COMPOSE_PROJECT_NAME' is the platform of config/.env." "Give this one another name: --project NAME"
fi

# One setup at a time: two would build the same images and fill the same .venv.
mkdir -p "$NIGHTDESK_STATE"
if have flock; then
    exec 9>"$NIGHTDESK_STATE/setup.lock"
    flock --nonblock 9 || { say "waiting for another setup on this machine to finish"; flock 9; }
fi

setup/preflight.sh
setup/engine.sh
setup/venv.sh up
setup/secrets.sh ${settings[@]+"${settings[@]}"}
setup/configuration.sh
setup/os-image.sh
setup/images.sh
setup/start.sh
setup/admin_token.sh
setup/register.sh

step "Nightdesk is up"
front
public=$("$python" -c 'import sys; from nightdesk.config import load; print(load(sys.argv[1]).public_url)' "$NIGHTDESK_CONFIG")
echo "  address:   $public"
echo "  sign in:   admin, with the password in ${NIGHTDESK_ENV_FILE#"$PWD"/}, key NIGHTDESK_ADMIN_PASSWORD"
if [ -z "$platform_state" ]; then echo "  commands:  .venv/bin/nightdesk --help     make help"; fi
