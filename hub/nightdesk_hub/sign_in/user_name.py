"""A user name for somebody whom a provider calls otherwise: safe for containers and volumes, and theirs alone."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable

from nightdesk_hub.sign_in.identities import Caller
from nightdesk_hub.user_names import MAX_LENGTH, is_user_name

_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe"}
_MARK_DIGITS = (6, 12, 24)


def user_name_for(caller: Caller, is_taken: Callable[[str], bool]) -> str:
    """What somebody is called here.

    The provider's name as far as it fits; where somebody has that, or it has come from a name that does not
    fit at all, with a mark out of what the provider calls them for good.

    Raises:
        RuntimeError: there is no such name left, which takes more people than there are.
    """
    plain = plain_name(caller.provider_name)
    if is_user_name(plain) and not is_taken(plain):
        return plain
    mark = hashlib.sha256(f"{caller.source}\n{caller.subject}".encode()).hexdigest()
    for digits in _MARK_DIGITS:
        stem = plain[: MAX_LENGTH - digits - 1].rstrip("-._") or "person"
        name = f"{stem}-{mark[:digits]}"
        if is_user_name(name) and not is_taken(name):
            return name
    raise RuntimeError(f"no user name is left for {caller.provider_name!r}")


def plain_name(provider_name: str) -> str:
    """The letters of a provider's name that may stand in a user name; may be too short to be one.

    >>> plain_name("Zoë.Müller@example.org")
    'zoe.muller'
    """
    local = provider_name.split("@", 1)[0].casefold()
    local = "".join(_LETTERS.get(letter, letter) for letter in local)
    ascii_only = unicodedata.normalize("NFKD", local).encode("ascii", "ignore").decode()
    parted = re.sub(r"[^a-z0-9._]+", "-", ascii_only)
    single = re.sub(r"[._-]{2,}", "-", parted)
    return re.sub(r"^[^a-z]+", "", single)[:MAX_LENGTH].rstrip("-._")
