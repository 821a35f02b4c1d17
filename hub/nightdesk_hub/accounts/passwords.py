"""Passwords: what they must be, and how they are kept (scrypt, with a salt of their own)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nightdesk_hub.accounts.problem import AccountProblem

MAX_LENGTH = 1024

#: scrypt's cost: 2**15 rounds of 8 blocks take 32 MiB and some 60 ms of one core.
_LOG_N, _R, _P = 15, 8, 1
_SALT_BYTES, _HASH_BYTES = 16, 32
#: So many at a time, and so many more that may wait (some ten seconds): a whole team comes in the morning, and a flood
#: of sign-ins is turned away, not queued.
_AT_A_TIME, _MAY_WAIT = 2, 300

_COMMON = (
    "password",
    "passwort",
    "qwertz",
    "qwerty",
    "123456",
    "nightdesk",
    "letmein",
    "welcome",
    "iloveyou",
)


def check_password(password: str, name: str, min_length: int) -> None:
    """Is this a password that `name` may have?

    Raises:
        AccountProblem: says what is wrong with it.
    """
    folded = password.casefold()
    if len(password) < min_length:
        raise AccountProblem(f"The password is too short: it needs at least {min_length} characters.")
    if len(password) > MAX_LENGTH:
        raise AccountProblem(f"The password is too long: at most {MAX_LENGTH} characters.")
    if len(set(folded)) < 4:
        raise AccountProblem("The password repeats too few characters: use at least four different ones.")
    if name and name in folded and len(folded) - len(name) < min_length // 2:
        raise AccountProblem("The password is little more than the user name. Take something else.")
    if any(word in folded and len(folded) - len(word) < min_length // 2 for word in _COMMON):
        raise AccountProblem("The password is among the first that anybody tries. Take something else.")


@dataclass(frozen=True, slots=True)
class _Kept:
    log_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> _Kept:
        kind, log_n, r, p, salt, digest = text.split("$")
        if kind != "scrypt":
            raise ValueError(f"unknown kind of password hash: {kind}")
        return cls(int(log_n), int(r), int(p), b64decode(salt), b64decode(digest))

    def __str__(self) -> str:
        salt, digest = b64encode(self.salt).decode(), b64encode(self.digest).decode()
        return f"scrypt${self.log_n}${self.r}${self.p}${salt}${digest}"


def hash_password(password: str) -> str:
    """A password as it is kept. Slow on purpose."""
    salt = os.urandom(_SALT_BYTES)
    return str(_Kept(_LOG_N, _R, _P, salt, _scrypt(password, salt, _LOG_N, _R, _P)))


def is_password(password: str, kept: str) -> bool:
    """Is it the password that is kept so? Takes as long for a wrong one."""
    expected = _Kept.parse(kept)
    digest = _scrypt(password, expected.salt, expected.log_n, expected.r, expected.p)
    return hmac.compare_digest(digest, expected.digest)


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    # One person's keyboards do not agree on how a letter with an accent is put together.
    text = unicodedata.normalize("NFKC", password[:MAX_LENGTH]).encode("utf-8", "surrogatepass")
    n = 2**log_n
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=_HASH_BYTES)


#: What a name that has no account is compared with, so that it takes as long as one that has.
_NOBODY = str(_Kept(_LOG_N, _R, _P, bytes(_SALT_BYTES), bytes(_HASH_BYTES)))


class Hasher:
    """Passwords hashed off the event loop, a few at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._pending = 0

    async def hash(self, password: str) -> str:
        """See :func:`hash_password`.

        Raises:
            AccountProblem: too many are at it.
        """
        async with self._place():
            return await asyncio.to_thread(hash_password, password)

    async def verify(self, password: str, kept: str | None) -> bool:
        """Is it the password? `kept` is None for a name without an account: no, as slowly as others.

        Raises:
            AccountProblem: too many are at it.
        """
        async with self._place():
            return await asyncio.to_thread(is_password, password, kept or _NOBODY) and kept is not None

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._pending >= _AT_A_TIME + _MAY_WAIT:
            raise AccountProblem("Too many people are signing in at this moment. Try again in a minute.", 503)
        self._pending += 1
        try:
            async with self._turn:
                yield
        finally:
            self._pending -= 1
