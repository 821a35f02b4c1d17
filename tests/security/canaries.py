"""A canary as each secret of each kind of connection, and code that takes, prints, shows and raises them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from ..support.people import Person

#: Kind, settings, and which secrets it gets; {c} is a canary of its own. Nobody answers at port 1.
KINDS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "postgresql": (
        {"host": "127.0.0.1", "port": "1", "database": "d", "user": "marker-user", "reader-user": "reader"},
        {"password": "{c}", "reader_password": "{c}"},
    ),
    "mysql": ({"host": "127.0.0.1", "port": "1", "database": "d", "user": "u"}, {"password": "{c}"}),
    "s3": (
        {"endpoint": "http://127.0.0.1:1", "bucket": "b", "access-key": "k"},
        {"secret_key": "{c}"},
    ),
    "sftp": (
        {
            "host": "127.0.0.1",
            "port": "1",
            "user": "u",
            "host-key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + "A" * 48,
        },
        {"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n{c}\n-----END OPENSSH PRIVATE KEY-----\n"}
        | {"passphrase": "{c}"},
    ),
    "http": ({"address": "http://127.0.0.1:1/v1"}, {"token": "{c}", "reader_token": "{c}"}),
    "git": (
        {"address": "http://127.0.0.1:1/x.git", "reader-user": "reader"},
        {"password": "{c}", "reader_password": "{c}"},
    ),
    "sqlalchemy": ({"address": "postgresql+psycopg://u@127.0.0.1:1/d"}, {"password": "{c}"}),
    "fsspec": ({"protocol": "memory", "options": '{"plain": 1}'}, {"options": '{"key": {"inner": "{c}"}}'}),
}

# Opens each, says all that it was handed in several ways, and ends with it as an error.
USES = """
import json, os, nightdesk
from IPython.display import HTML, JSON, display
from nightdesk.connecting import asking
handed = {}
for name in NAMES:
    try:
        print(name, repr(nightdesk.connect(name)), flush=True)
    except Exception as error:
        print(name, type(error).__name__, error, flush=True)
    handed[name] = asking._ask("POST", "/connections", name, "use")["secrets"]
    print(json.dumps(handed[name]), handed[name], flush=True)
    display(HTML(f"<p>{json.dumps(handed[name])}</p>"), JSON(handed))
print("names", len(handed), "texts", sum(map(len, map(str, handed.values()))))
"""
FAILS = "raise RuntimeError(json.dumps(handed))"


@dataclass
class Canaries:
    """A connection of every kind, and all its secrets by `connection.secret`."""

    names: list[str]
    secrets: dict[str, str]
    owner: Person


def plant(admin: Person, owner: Person, folder: Path) -> Canaries:
    """Make them all, for the owner to use; the files that hold the secrets are in `folder`."""
    made = Canaries([], {}, owner)
    for kind, (settings, wanted) in KINDS.items():
        name = f"canary-{kind}"
        options = [part for key, value in settings.items() for part in (f"--{key}", value)]
        for secret, shape in wanted.items():
            canary = f"canary{secrets.token_hex(12)}"
            made.secrets[f"{name}.{secret}"] = canary
            file = folder / f"{name}.{secret}"
            file.write_text(shape.replace("{c}", canary))
            options += ["--secret-file", f"{secret}={file}"]
        well(admin, "connection", "add", kind, name, *options)
        well(admin, "connection", "grant", name, "--person", owner.name, "--write")
        made.names.append(name)
    return made


def well(person: Person, *command: str) -> str:
    """What a command says that must not fail."""
    done = person.command(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def uses(names: list[str]) -> str:
    """The code that opens all of these."""
    return USES.replace("NAMES", repr(names))
