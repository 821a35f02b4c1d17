"""Names that people may have: they become names of containers, networks and volumes."""

from __future__ import annotations

import re

MAX_LENGTH = 32
#: Words that mean something else where a user's name could stand.
RESERVED = frozenset({"admin", "all", "me", "root", "system"})

# Single separators only: two hyphens part a user's name from a session's in a container's name.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")

RULE = (
    "A user name has 2 to 32 characters: lower-case letters and digits, starting with a letter, with "
    "single '-', '.' or '_' between them."
)


def is_user_name(name: str) -> bool:
    """May somebody be called so? Reserved names are names too: `admin` has one."""
    return 2 <= len(name) <= MAX_LENGTH and _NAME.fullmatch(name) is not None
