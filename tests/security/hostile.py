"""A program of the standard library that tries everything from where it is run, and prints what it got.

TARGETS is replaced by JSON: `ports` (name: [host, port]), `asks` ([method, url]), `paths`, `words` to look for.
"""

from __future__ import annotations

import json
from typing import Any

PROGRAM = r"""
import glob, json, os, pathlib, socket, urllib.error, urllib.request
from concurrent.futures import ThreadPoolExecutor

targets = json.loads(TARGETS)
web = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def reach(address):
    try:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(2)
            probe.connect(tuple(address))
            return True
    except OSError:
        return False

def ask(what):
    method, url = what
    token = os.environ.get("JUPYTERHUB_API_TOKEN", "none")
    body = b"{}" if method in ("POST", "PUT", "PATCH") else None
    asked = urllib.request.Request(url, data=body, method=method, headers={
        "Authorization": "token " + token, "Content-Type": "application/json"})
    try:
        with web.open(asked, timeout=10) as answer:
            return [answer.status, answer.read(100000).decode("utf-8", "replace")]
    except urllib.error.HTTPError as error:
        return [error.code, error.read(100000).decode("utf-8", "replace")]
    except OSError as error:
        return [0, str(error)]

def holds(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""

with ThreadPoolExecutor(64) as pool:
    reached = [name for name, there in zip(targets["ports"], pool.map(reach, targets["ports"].values())) if there]
    answers = list(pool.map(ask, targets["asks"]))

def everything():
    yield from glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline")
    yield from ("/proc/mounts", "/etc/hosts", "/etc/resolv.conf")
    for top in ("/shared", "/home", "/tmp", "/nightdesk", "/mnt", "/srv", "/data", "/store", "/scratch"):
        for folder, _, names in os.walk(top):
            yield from (os.path.join(folder, name) for name in names[:500])

# One after the other: together they are more than a small session has memory for.
words, seen = {word: word[::-1].encode() for word in targets["words"]}, set()
for path in everything():
    content = holds(path)
    seen.update(word for word, looked_for in words.items() if looked_for in content)

status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())

def writable(path):
    try:
        with open(path, "a"):
            return True
    except OSError:
        return False

SYSTEM = ("/etc/passwd", "/usr/bin/x", "/proc/sys/kernel/core_pattern", "/sys/x", "/x")
print("PROBE" + json.dumps({
    "reached": reached,
    "answers": answers,
    "there": [path for path in targets["paths"] if os.path.exists(path)],
    "seen": sorted(seen),
    "uid": os.getuid(),
    "capabilities": [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privs": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "writable": [path for path in SYSTEM if writable(path)],
    "devices": [path for path in glob.glob("/dev/*") if os.path.basename(path).startswith(("sd", "vd", "nvme", "mem", "kmsg"))],
    "hub_names": sorted(name for name in os.environ if "JUPYTERHUB" in name or "TOKEN" in name),
}))
"""


def program(
    ports: dict[str, tuple[str, int]],
    asks: list[tuple[str, str]] | None = None,
    paths: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
) -> str:
    """The program with its targets."""
    # Backwards, or it would find the words in its own arguments.
    targets = {"ports": ports, "asks": asks or [], "paths": paths, "words": [word[::-1] for word in words]}
    return f"TARGETS = {json.dumps(json.dumps(targets))}\n{PROGRAM}"


def outcome(printed: str) -> Any:
    """What it printed."""
    return json.loads(printed.split("PROBE", 1)[1].splitlines()[0])
