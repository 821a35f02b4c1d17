"""The settings file of a platform (config/.env): made from its example, checked, read.

    env_file.py ensure FILE EXAMPLE [KEY=VALUE …]   make it or add what is missing; set KEY to VALUE
    env_file.py check FILE EXAMPLE                  say what is wrong with it, change nothing

Values of secrets are never printed. Only the standard library: this runs before anything is
installed.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"^(?P<key>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)$")
RECIPE = re.compile(r"^# generate: (?P<recipe>password|hex \d+|keys \d+)$")
PROJECT = re.compile(r"^[a-z0-9][a-z0-9-]*$")
SHORTEST_SECRET = 12


@dataclass(frozen=True)
class Entry:
    """One key of the example: the value it has there, and how to make one when it is a secret."""

    key: str
    default: str
    recipe: str | None
    comment: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong at one line (0: the file as a whole), and what to do about it."""

    line: int
    key: str
    words: str


def generate(recipe: str) -> str:
    """A fresh secret. `password` is easy to type (20 letters and digits); `hex N` and `keys N` are N random bytes."""
    if recipe == "password":
        alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks alike
        return "".join(secrets.choice(alphabet) for _ in range(20))
    return secrets.token_hex(int(recipe.split()[1]))


def read_example(text: str) -> list[Entry]:
    """The keys of the example in its order, each with the comment lines right above it."""
    entries: list[Entry] = []
    comment: list[str] = []
    recipe: str | None = None
    for line in text.splitlines():
        if made := RECIPE.match(line):
            recipe = made["recipe"]
        if found := LINE.match(line):
            entries.append(Entry(found["key"], found["value"], recipe, tuple(comment)))
            comment, recipe = [], None
        elif line.startswith("#"):
            comment.append(line)
        else:
            comment, recipe = [], None
    return entries


def read_values(text: str) -> dict[str, str]:
    """KEY=VALUE lines as Compose reads the simple ones we write; the last of two wins."""
    return {found["key"]: found["value"] for line in text.splitlines() if (found := LINE.match(line))}


def completed(text: str | None, example: str, wanted: dict[str, str]) -> str:
    """The settings file as it should be: `text` (None: there is none yet) with `wanted` set and
    every missing key or empty secret filled in. What stands there is otherwise kept to the letter."""
    entries = read_example(example)
    known = {entry.key: entry for entry in entries}
    lines = (example if text is None else text).splitlines()
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if not (found := LINE.match(line)):
            continue
        key, value = found["key"], found["value"]
        seen.add(key)
        entry = known.get(key)
        if key in wanted:
            value = wanted[key]
        elif entry and entry.recipe and not value:
            value = generate(entry.recipe)
        lines[number] = f"{key}={value}"
    for entry in entries:
        if entry.key in seen:
            continue
        value = wanted.get(entry.key) or (generate(entry.recipe) if entry.recipe else entry.default)
        lines += ["", *entry.comment, f"{entry.key}={value}"]
    return "\n".join(lines) + "\n"


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step, readable by its owner alone from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:  # mkstemp made it mode 600
            out.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def ensure(path: Path, example: Path, wanted: dict[str, str]) -> str:
    """Make or complete the file; "made", "completed" or "unchanged"."""
    before = path.read_text("utf-8") if path.exists() else None
    after = completed(before, example.read_text("utf-8"), wanted)
    if after != before:
        write_private(path, after)
        return "made" if before is None else "completed"
    path.chmod(0o600)
    return "unchanged"


def problems(text: str, example: str) -> list[Problem]:
    """What would go wrong later if it were not said now."""
    known = {entry.key: entry for entry in read_example(example)}
    found: list[Problem] = []
    first: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.match(line)
        if not match:
            found.append(Problem(number, "", "is not KEY=value; remove the line or put a # in front of it"))
            continue
        key, value = match["key"], match["value"]
        if key in first:
            found.append(Problem(number, key, f"is set on line {first[key]} already; keep one of the two"))
            continue
        first[key] = number
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; remove the line"
            found.append(Problem(number, key, f"is no setting of this platform{hint}"))
        elif words := _wrong(known[key], value):
            found.append(Problem(number, key, words))
    return found


def _wrong(entry: Entry, value: str) -> str | None:
    if value != value.strip() or value[:1] in {"'", '"'} or "$" in value:
        return "must be a plain value: no quotes, no spaces around it, no $"
    if entry.key == "NIGHTDESK_PORT" and not (value.isdecimal() and 0 < int(value) < 65536):
        return "must be a port number from 1 to 65535"
    if entry.key == "COMPOSE_PROJECT_NAME" and not PROJECT.match(value):
        return "may hold lower-case letters, digits and dashes, and starts with a letter or digit"
    if entry.recipe is None or not value:  # an empty secret is filled in
        return None
    if entry.recipe.startswith("keys"):
        length = 2 * int(entry.recipe.split()[1])
        if not all(re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", key) for key in value.split(",")):
            return (
                f"must be keys of {length} hexadecimal digits each, with commas between and the newest first"
            )
    elif entry.recipe.startswith("hex"):
        length = 2 * int(entry.recipe.split()[1])
        if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", value):
            return f"must be {length} hexadecimal digits; empty it and a new one is generated"
    elif len(value) < SHORTEST_SECRET:
        return f"is too short: at least {SHORTEST_SECRET} characters"
    return None


def shown(path: Path) -> str:
    """The path as people know it: from where they stand, when it is below there."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def main(arguments: list[str]) -> int:
    """Run one of the two commands; the exit code."""
    match arguments:
        case ["ensure", file, example, *pairs]:
            path = Path(file)
            wanted = dict(pair.split("=", 1) for pair in pairs)
            done = ensure(path, Path(example), wanted)
            if done != "unchanged":
                print(f"  {done} {shown(path)} (secrets generated; mode 600)", file=sys.stderr)
            return 0
        case ["check", file, example]:
            path = Path(file)
            if not path.exists():
                return 0
            found = problems(path.read_text("utf-8"), Path(example).read_text("utf-8"))
            for problem in found:
                key = f" {problem.key}" if problem.key else ""
                print(f"{shown(path)}:{problem.line}:{key} {problem.words}", file=sys.stderr)
            return 1 if found else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
