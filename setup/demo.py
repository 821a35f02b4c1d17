"""What a member of the team does, for real: an account, a session, a notebook handed over as a run.

The run is submitted with the command line inside the session, followed until it ends, and its image
is compared with the session's. Exit code 0 only if the run succeeded and the two are the same.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import env_file
import hub_api

USER = "ada"
EXAMPLE = Path("examples/donation-propensity")
NOTEBOOK = "donation-propensity.ipynb"
HOME = "/home/nightdesk"
START_SECONDS = 300.0
RUN_SECONDS = 1800.0


class Unmet(Exception):
    """The demonstration cannot go on; the words say why."""


def say(words: str) -> None:
    """One line for whoever watches."""
    print(f"  {words}", file=sys.stderr, flush=True)


def title(words: str) -> None:
    """The start of a part."""
    print(f"\n{words}", file=sys.stderr, flush=True)


def show(*lines: str) -> None:
    """Results: they go to standard output, everything on the way to them to standard error."""
    print("\n" + "\n".join(lines), flush=True)


def password(file: Path) -> str:
    """Ada's password: kept in `file` (mode 600) from the first time on. Never printed."""
    key = "NIGHTDESK_DEMO_PASSWORD"
    values = env_file.read_values(file.read_text("utf-8")) if file.exists() else {}
    if not values.get(key):
        values[key] = env_file.generate("password")
        env_file.write_private(file, f"# The account '{USER}' that `make demo` made.\n{key}={values[key]}\n")
    return values[key]


def ensure_account(hub: hub_api.Platform, file: Path) -> None:
    """Ada's account, as an ordinary member; kept when it is there."""
    body = {"name": USER, "password": password(file), "approved": True}
    try:
        hub.request("POST", "/hub/api/nightdesk/accounts", body)
        say(f"made the account {USER}")
    except hub_api.Refused as refused:
        if refused.status != 409:
            raise
        say(f"the account {USER} is there")


def ensure_session(hub: hub_api.Platform) -> None:
    """Ada's server, started if need be, with the hub's own words while it starts."""
    server = hub.request("GET", f"/hub/api/users/{USER}").get("servers", {}).get("", {})
    if server.get("ready"):
        say("her server is running")
        return
    if not server.get("pending"):
        hub.request("POST", f"/hub/api/users/{USER}/server", {}, timeout=START_SECONDS)
    for event in hub.events(f"/hub/api/users/{USER}/server/progress", timeout=START_SECONDS):
        if message := str(event.get("message", "")).strip():
            say(f"{event.get('progress', 0):>3} %  {message}")
        if event.get("failed"):
            raise Unmet(f"{USER}'s server did not start: {message}")
        if event.get("ready"):
            return
    raise Unmet(f"{USER}'s server did not start; the hub's side of it: make logs SERVICE=hub")


def session_container(project: str) -> str:
    """The name of the container that Ada works in."""
    filters = {"project": project, "role": "session", "user": USER}
    command = ["docker", "ps", "--format", "{{.Names}}"]
    for key, value in filters.items():
        command += ["--filter", f"label=org.nightdesk.{key}={value}"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if not names:
        raise Unmet(f"the hub says that {USER}'s server runs, but the engine has no container for it.")
    return names[0]


def inside(container: str, *command: str, stdin: bytes | None = None) -> str:
    """A command in the session as its user; what it printed. Raises Unmet when it fails."""
    done = subprocess.run(
        ["docker", "exec", "-i", container, *command],
        check=False,
        input=stdin or b"",
        capture_output=True,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise Unmet(f"`{' '.join(command)}` in the session: {words}")
    return done.stdout.decode()


def copy_example(container: str) -> None:
    """The example's folder into Ada's home, owned by her."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(EXAMPLE.rglob("*")):
            if path.is_file() and not any(
                part.startswith(".") or part == "__pycache__" for part in path.parts
            ):
                archive.add(path, arcname=str(path.relative_to(EXAMPLE.parent)), recursive=False)
    inside(container, "tar", "--extract", "--no-same-owner", "-C", HOME, stdin=packed.getvalue())


def submit(container: str) -> int:
    """`nightdesk submit --watch` as Ada would type it; its exit code. Its output is shown as it comes."""
    terminal = ["--tty"] if sys.stdout.isatty() else []
    command = ["nightdesk", "submit", NOTEBOOK, "--watch"]
    say(f"{USER}$ {' '.join(command)}")
    where = ["--workdir", f"{HOME}/{EXAMPLE.name}", container]
    try:
        return subprocess.run(
            ["docker", "exec", *terminal, *where, *command],
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
        ).returncode
    except subprocess.TimeoutExpired:
        raise Unmet(f"the run did not end within {RUN_SECONDS / 60:.0f} minutes") from None


def newest_run(container: str) -> dict[str, Any]:
    """Ada's newest run, from the command line's JSON."""
    listed = json.loads(inside(container, "nightdesk", "runs", "--mine", "--limit", "1", "--json"))
    runs = listed["runs"] if isinstance(listed, dict) else listed
    if not runs:
        raise Unmet("nothing was submitted: the reason is above.")
    shown: dict[str, Any] = json.loads(inside(container, "nightdesk", "show", str(runs[0]["id"]), "--json"))
    return shown


def size(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def report(run: dict[str, Any], session_digest: str) -> list[str]:
    """Show the run; what keeps the demonstration from being a success, in words."""
    environment = run["environment"]
    digest = environment["digest"]
    show(
        "The run",
        f"  id           {run['id']}",
        f"  status       {run['status']}" + (f": {run['reason']}" if run.get("reason") else ""),
        f"  environment  {environment['name']}:{environment['version']}",
        f"  page         {run['url']}",
        "  outputs",
        *(f"    {size(output['size']):>8}  {output['name']}" for output in run.get("outputs", [])),
        f"  image of {USER}'s session  {session_digest or 'unknown'}",
        f"  image of the run      {digest}",
    )
    reasons = []
    if run["status"] != "succeeded":
        reasons.append(f"the run is {run['status']}: {run.get('reason') or 'no reason given'}")
    if digest != session_digest:
        reasons.append("the run was executed in another image than the session's")
    return reasons


def demonstrate(options: argparse.Namespace) -> list[str]:
    """All of it; the reasons why it is no success."""
    hub = hub_api.as_setup(options.address, options.settings)
    title(f"A member of the team: {USER}")
    ensure_account(hub, options.passwords)
    ensure_session(hub)
    container = session_container(options.project)
    title("A notebook, handed over from her session")
    copy_example(container)
    code = submit(container)
    run = newest_run(container)
    reasons = report(run, inside(container, "printenv", "NIGHTDESK_DIGEST").strip())
    if code and not reasons:
        reasons.append(f"`nightdesk submit --watch` ended with {code} although the run succeeded")
    return reasons


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="http://host:port of the platform")
    parser.add_argument("--settings", required=True, type=Path, help="its settings file")
    parser.add_argument("--project", required=True, help="its Compose project")
    parser.add_argument("--passwords", required=True, type=Path, help="where the account's password is kept")
    options = parser.parse_args(arguments)
    try:
        reasons = demonstrate(options)
    except (Unmet, hub_api.Refused) as error:
        reasons = [str(error)]
    if reasons:
        return hub_api.fail(f"the demonstration did not succeed: {'; '.join(reasons)}.", "More: make logs")
    show(
        "Look around",
        f"  address   {options.address}",
        f"  {USER:<8}  an ordinary member; password in {env_file.shown(options.passwords)}",
        f"  {'admin':<8}  password in {env_file.shown(options.settings)}, key NIGHTDESK_ADMIN_PASSWORD",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
