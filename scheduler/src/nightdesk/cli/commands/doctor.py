"""nightdesk doctor"""

from __future__ import annotations

import stat
import time
from pathlib import Path

from nightdesk.cli.commands.version import installed_version
from nightdesk.cli.terminal import mark, plain
from nightdesk.client.errors import NightdeskError, NotAllowed, Unreachable
from nightdesk.client.login import Login, find_login
from nightdesk.client.platform import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import Check

DESCRIPTION = """\
Check this machine and the way to the platform, and for admins the platform itself. Each line that
begins with a cross says what to do next. Exits with 0 if all is well, with 1 if something is not,
with 3 if the platform is out of reach."""

EXAMPLES = """\
  nightdesk doctor
  nightdesk doctor --json"""

_SKEW_SECONDS = 30.0


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    """Check one thing after the other, for as long as the one before allows it."""
    checks: list[Check] = []
    out_of_reach = False
    try:
        login = find_login(arguments.url, arguments.token_file)
        checks.append(_login_check(login))
        with Client(login) as client:
            _check_platform(client, checks)
    except Unreachable as error:
        out_of_reach = True
        checks.append(_failed("platform", error))
    except NightdeskError as error:
        checks.append(_failed("sign-in", error))
    failed = [check for check in checks if not check["ok"]]
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"checks": checks})
    else:
        _show(checks, len(failed))
    if out_of_reach:
        return 3
    return 1 if failed else 0


def _check_platform(client: Client, checks: list[Check]) -> None:
    """What can be asked of the platform. Raises Unreachable, and Refused where the token is not accepted."""
    begun = time.monotonic()
    health = client.health()
    took = (time.monotonic() - begun) * 1000
    checks.append(
        _passed(
            "platform", f"{client.login.address} answers in {took:.0f} ms; its version is {health['version']}"
        )
    )
    checks.append(_version_check(health["version"]))
    checks.append(_clock_check(client.clock_skew()))
    user = client.user()
    who = f"you are {user['name']}" + (", an admin" if user["admin"] else "")
    checks.append(_passed("sign-in", f"the token is accepted: {who}"))
    if user["admin"]:
        try:
            checks.extend(client.doctor())
        except NotAllowed as error:
            checks.append(_failed("platform's own checks", error))


def _login_check(login: Login) -> Check:
    path = Path(login.source)
    if not path.is_file():
        return _passed("configuration", f"address {login.address}, token from {login.source}")
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return {
            "name": "configuration",
            "ok": False,
            "message": f"others on this machine can read your token in {path}",
            "hint": f"Close it: chmod 600 {path}; then make a new token, and revoke the old one.",
        }
    return _passed("configuration", f"address and token from {path}")


def _version_check(theirs: str) -> Check:
    ours = installed_version()
    if ours.split(".")[:1] == theirs.split(".")[:1] or ours == "unknown":
        return _passed("version", f"this command is {ours}")
    return {
        "name": "version",
        "ok": False,
        "message": f"this command is {ours}, the platform {theirs}",
        "hint": "Install the command of the platform's own version.",
    }


def _clock_check(skew: float | None) -> Check:
    if skew is None:
        return _passed("clock", "the platform does not say what time it has")
    if abs(skew) <= _SKEW_SECONDS:
        return _passed("clock", "this machine and the platform have the same time")
    which = "ahead of" if skew > 0 else "behind"
    return {
        "name": "clock",
        "ok": False,
        "message": f"the platform's clock is {abs(skew):.0f} s {which} this machine's",
        "hint": "Set both by a time server (timedatectl set-ntp true).",
    }


def _passed(name: str, message: str) -> Check:
    return {"name": name, "ok": True, "message": message, "hint": None}


def _failed(name: str, error: NightdeskError) -> Check:
    return {"name": name, "ok": False, "message": error.message, "hint": error.hint}


def _show(checks: list[Check], failed: int) -> None:
    for check in checks:
        print(f"{mark(check['ok'])} {plain(check['name'])}: {plain(check['message'])}")
        if not check["ok"] and check.get("hint"):
            print(f"    {plain(check['hint'] or '')}")
    print("all is well" if not failed else f"{failed} of {len(checks)} checks failed")
