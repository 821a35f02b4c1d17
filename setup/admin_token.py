"""The admin's token for the command line on this machine.

Keeps the one in the login file while it works; otherwise asks the hub for a new one and writes
{"url", "token"} there, readable by its owner alone. The token is never printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import env_file
import hub_api

ADMIN = "admin"
LIFETIME_SECONDS = 365 * 24 * 3600  # every `make up` sees whether it still works
API = "/services/nightdesk"


def works(address: str, login: Path) -> bool:
    """Does the login file hold a token that the platform at this address takes as an admin's?"""
    try:
        held = json.loads(login.read_text("utf-8"))
        if held["url"] != address + API:
            return False
        who = hub_api.Platform(address, held["token"]).request("GET", f"{API}/api/v1/user")
        return bool(who["admin"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    except hub_api.Refused as refused:
        if refused.status in {401, 403}:
            return False
        raise


def renew(address: str, settings: Path, login: Path) -> None:
    """Ask the hub for a token that acts as the admin, and write the login file."""
    made = hub_api.as_setup(address, settings).request(
        "POST",
        f"/hub/api/users/{ADMIN}/tokens",
        {"note": "nightdesk on the platform's own machine", "expires_in": LIFETIME_SECONDS},
    )
    env_file.write_private(login, json.dumps({"url": address + API, "token": made["token"]}) + "\n")


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="http://host:port of the platform")
    parser.add_argument("--settings", required=True, type=Path, help="its settings file")
    parser.add_argument("--login", required=True, type=Path, help="the login file to keep or write")
    options = parser.parse_args(arguments)
    try:
        if works(options.address, options.login):
            return 0
        renew(options.address, options.settings, options.login)
        if not works(options.address, options.login):
            return hub_api.fail(
                "the admin's new token is not taken by the platform.",
                "The api's side of it: make logs SERVICE=api",
            )
    except hub_api.Refused as refused:
        return hub_api.fail(
            f"no token for the command line: {refused}", "The hub's side of it: make logs SERVICE=hub"
        )
    print(f"  the command line acts as {ADMIN}: {env_file.shown(options.login)} (mode 600)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
