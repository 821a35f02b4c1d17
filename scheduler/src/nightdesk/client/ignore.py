"""What of a folder stays at home: a few names always, and the lines of `.nightdeskignore`.

The lines are patterns as in `.gitignore`: `*` and `?` within a name, `**` across folders, a slash in
front or inside ties a pattern to the folder's top, one at the end means folders only, `!` takes back
what an earlier line ignored, `#` begins a comment. The last line that fits counts.
"""

from __future__ import annotations

import re
from pathlib import Path

from nightdesk.client.errors import LocalProblem

IGNORE_FILE = ".nightdeskignore"
ALWAYS = ("__pycache__", ".git", ".ipynb_checkpoints", ".venv", "node_modules")


class Rules:
    """The rules of one folder."""

    def __init__(self, lines: list[str]) -> None:
        """Raises LocalProblem for a line that is no pattern."""
        self._rules: list[tuple[re.Pattern[str], bool, bool]] = []  # pattern, ignore, folders only
        for line in lines:
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            ignore = not pattern.startswith("!")
            pattern = pattern.removeprefix("!")
            folders = pattern.endswith("/")
            pattern = pattern.rstrip("/")
            if not pattern:
                continue
            try:
                self._rules.append((re.compile(_expression(pattern), re.DOTALL), ignore, folders))
            except re.error as error:
                raise LocalProblem(f"the line {line!r} in {IGNORE_FILE} is no pattern: {error}") from error

    @classmethod
    def of_folder(cls, folder: Path) -> Rules:
        """The rules in the folder's own file, none where it has none."""
        path = folder / IGNORE_FILE
        try:
            return cls(path.read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            return cls([])
        except UnicodeDecodeError as error:
            raise LocalProblem(f"{path} is not UTF-8 text", "Save it as UTF-8.") from error

    def ignore(self, name: str, *, is_folder: bool) -> bool:
        """Whether `name`, relative to the folder, stays at home."""
        if name.rpartition("/")[2] in ALWAYS or name == IGNORE_FILE:
            return True
        ignored = False
        for pattern, ignore, folders in self._rules:
            if (is_folder or not folders) and pattern.fullmatch(name):
                ignored = ignore
        return ignored


def _expression(pattern: str) -> str:
    anywhere = "/" not in pattern
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?|\[[^\]/]+\])", pattern.removeprefix("/"))
    expression = "(?:.*/)?" if anywhere else ""
    for part in parts:
        if part == "**/":
            expression += "(?:.*/)?"
        elif part == "/**":
            expression += "/.*"
        elif part == "**":
            expression += ".*"
        elif part == "*":
            expression += "[^/]*"
        elif part == "?":
            expression += "[^/]"
        elif part.startswith("[") and part.endswith("]") and len(part) > 2:
            inside = part[1:-1].replace("\\", "\\\\")
            expression += f"[^{inside[1:]}]" if inside[0] == "!" else f"[{inside}]"
        else:
            expression += re.escape(part)
    return expression
