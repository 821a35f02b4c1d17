"""What the examples need on their platform: a member of the team and the connection `production`. Then they run.

Everything after `--` goes to examples/run.py, which is signed in as that member.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import demo
import hub_api

CONNECTION, PERSON = "production", demo.USER
OWN_EXAMPLE = "issue-positions"
OWN, PACKAGE = "issue-models", "examples/issue-positions/package"
NIGHTDESK = Path(sys.executable).parent / "nightdesk"


def as_admin(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`nightdesk …` with the admin's token of this platform."""
    login = json.loads((state / "login.json").read_text("utf-8"))
    return subprocess.run(
        [NIGHTDESK, *arguments],
        env={**clean(), "NIGHTDESK_URL": login["url"], "NIGHTDESK_TOKEN": login["token"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def clean() -> dict[str, str]:
    """The environment without what names another platform."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NIGHTDESK_", "JUPYTERHUB_"))
    }


def ensure_connection(state: Path, database: str) -> None:
    """The connection with the database's address and password, and the member's grant to write."""
    host, _, port = database.partition(":")
    if as_admin(state, "connection", "show", CONNECTION).returncode:
        where = ["--host", host, "--port", port, "--database", "production", "--user", "nightdesk"]
        secret = ["--secret-file", str(state / "database/password")]
        title = ["--title", "Production", "--writable"]
        done = as_admin(state, "connection", "add", "postgresql", CONNECTION, *where, *secret, *title)
        if done.returncode:
            raise demo.Unmet(f"the connection could not be added: {done.stderr.strip()}")
        demo.say(f"added the connection {CONNECTION}")
    granted = as_admin(state, "connection", "grant", CONNECTION, "--person", PERSON, "--write")
    tried = as_admin(state, "connection", "test", CONNECTION)
    for done in (granted, tried):
        if done.returncode:
            raise demo.Unmet(f"the connection {CONNECTION}: {(done.stderr or done.stdout).strip()}")
    demo.say(f"{PERSON} may write to {CONNECTION}, and it works")


def ensure_version(state: Path) -> None:
    """The environment with the examples' own package inside, which an admin builds."""
    if as_admin(state, "env", "show", OWN).returncode == 0:
        return
    demo.say(
        f"building the environment {OWN}: the packages of python-data, and {PACKAGE} inside (a minute or two)"
    )
    listed = json.loads(as_admin(state, "env", "list", "--json").stdout)["environments"]
    (data,) = (each for each in listed if each["name"] == "python-data")
    like = f"python-data:{data['versions'][0]['version']}"
    what = ["--like", like, "--with", PACKAGE, "--name", OWN, "--channel", "stable"]
    built = as_admin(state, "env", "build", *what)
    if built.returncode:
        raise demo.Unmet(f"the environment {OWN} could not be built: {built.stderr.strip()[-1500:]}")


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", required=True, type=Path, help="the folder of the examples' platform")
    parser.add_argument("--address", required=True, help="http://host:port of it")
    parser.add_argument("--database", required=True, help="host:port of the database")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args(arguments)
    demo.title(f"A member of the team: {PERSON}")
    try:
        hub = hub_api.as_setup(options.address, options.state / ".env")
        demo.ensure_account(hub, options.state / "demo.env")
        token = hub.request(
            "POST", f"/hub/api/users/{PERSON}/tokens", {"note": "examples", "expires_in": 86400}
        )
        ensure_connection(options.state, options.database)
        if OWN_EXAMPLE in options.rest or not set(options.rest) - {"--small"}:
            ensure_version(options.state)
    except (demo.Unmet, hub_api.Refused) as error:
        return hub_api.fail(f"{error}.", "More: setup/compose.sh --state .nightdesk/examples logs")
    login = json.loads((options.state / "login.json").read_text("utf-8"))
    environment = {**clean(), "NIGHTDESK_URL": login["url"], "NIGHTDESK_TOKEN": str(token["token"])}
    done = subprocess.run([sys.executable, "examples/run.py", *options.rest], env=environment, check=False)
    port = options.database.partition(":")[2]
    demo.show(
        "Look around",
        f"  address    {options.address}",
        f"  {PERSON:<9}  whose runs these are; password in {options.state / 'demo.env'}",
        f"  admin      password in {options.state / '.env'}, key NIGHTDESK_ADMIN_PASSWORD",
        f"  database   docker exec -it -u postgres nightdesk-examples-database psql -h /tmp -p {port} production",
        f"  remove it  setup/down.sh --state {options.state} --purge",
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
