"""``python -m nightdesk.server.egress``: keeps the filter of what leaves people's and runs' networks in place.

In a container with the host's network and the right to change it (NET_ADMIN), and nothing else: no engine, no
secret, no port. It looks every few seconds whether the table is still what it put there, because a firewall
that is loaded anew takes away what is not its own. What it found stands in a file that the api's doctor reads.

    python -m nightdesk.server.egress             keep it in place until SIGTERM; the table stays
    python -m nightdesk.server.egress --remove    take the table away
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from nightdesk.config import ConfigError, load
from nightdesk.server.domain.egress import removal, ruleset, table_name

_LOOK_SECONDS = 5.0
_NFT_SECONDS = 20
_STATE = Path(os.environ.get("NIGHTDESK_EGRESS_STATE", "/egress/state.json"))
_OFF = "off by the settings (network.egress: unfiltered)"


class NoFilter(Exception):
    """The machine does not take the rules; the message says what to do."""


def nft(*arguments: str, script: str = "") -> str:
    """One command of nftables; what it printed.

    Raises:
        NoFilter: it failed.
    """
    try:
        done = subprocess.run(
            ["nft", *arguments],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=_NFT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoFilter(f"nft does not run: {error}") from None
    if done.returncode:
        raise NoFilter(" ".join(done.stderr.split())[:500])
    return done.stdout


def resolvers(file: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The IPv4 addresses that names are asked of."""
    try:
        words = [line.split() for line in file.read_text("utf-8").splitlines()]
    except OSError:
        return []
    found = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    return [address for address in found if _is_ipv4(address)]


def _is_ipv4(address: str) -> bool:
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


def say(ok: bool, words: str) -> None:
    """Leave word for the doctor and the health check: the file's time is when it was last looked at."""
    new = _STATE.with_suffix(".new")
    new.write_text(json.dumps({"ok": ok, "words": words}), "utf-8")
    new.replace(_STATE)


def main(arguments: list[str]) -> int:
    """Keep it in place."""
    project = os.environ.get("NIGHTDESK_PROJECT", "nightdesk")
    if arguments == ["--remove"]:
        nft("-f", "-", script=removal(project))
        return 0
    try:
        settings = load(os.environ.get("NIGHTDESK_CONFIG", "/etc/nightdesk/nightdesk.yaml"))
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    off = settings.network.egress == "unfiltered"
    rules = ruleset(project, settings.network, settings.sessions.network_pool, resolvers())
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    in_place = ""
    while not leave.is_set():
        try:
            in_place = keep(project, removal(project) if off else rules, in_place, off)
            say(True, _OFF if off else f"in place, {settings.network.egress}")
        except NoFilter as error:
            in_place = ""
            words = (
                f"this machine does not take the filter: {error}. Its kernel needs nf_tables (modprobe nf_tables "
                "nft_reject_inet nft_ct); or close the addresses yourself and set network.egress to unfiltered."
            )
            print(f"egress: {words}", file=sys.stderr, flush=True)
            say(False, words)
        leave.wait(_LOOK_SECONDS)
    return 0


def keep(project: str, rules: str, in_place: str, off: bool) -> str:
    """Put the table there unless it is as it was left; how it looks now."""
    if off:
        nft("-f", "-", script=rules)
        return ""
    try:
        now = nft("list", "table", "inet", table_name(project))
    except NoFilter:
        now = ""
    if now and now == in_place:
        return in_place
    if in_place:
        print(
            "egress: the filter was gone or changed, and is put in place again", file=sys.stderr, flush=True
        )
    nft("-f", "-", script=rules)
    return nft("list", "table", "inet", table_name(project))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
