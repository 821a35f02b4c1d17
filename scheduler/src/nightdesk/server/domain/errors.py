"""What can go wrong, in one tree.

NightdeskError
├── Refused            the request cannot be done as it stands; the person can change it
│   ├── Invalid        a value is wrong
│   ├── NotFound       there is no such thing, or it is not theirs to see
│   ├── NotAllowed     known, but not permitted
│   ├── Conflict       the state of the thing does not allow it
│   ├── TooLarge       over a limit
│   └── TooMany        there are as many of them as one may have; later there may be room
├── SignInNeeded       nobody is signed in
├── DatabaseTooNew     a later version of the platform has changed the tables
├── Unavailable        a part of the platform is out of reach; try again
├── FenceLost          another worker has taken the run over: stop touching it
└── EngineError        the container engine refused or failed
    ├── ImageMissing   the image is not on this machine
    └── ContainerGone  somebody removed the container
"""

from __future__ import annotations

_LONGEST_FIELD = 200


class NightdeskError(Exception):
    """The root; ``message`` says what is wrong, ``hint`` what to do next.

    ``field`` is what it is about, as the API calls it (``cron``, ``parameters.year``), where whoever raises it knows.
    """

    def __init__(self, message: str, hint: str | None = None, *, field: str | None = None) -> None:
        self.message = _sendable(message)
        self.hint = None if hint is None else _sendable(hint)
        self.field = None if field is None else _sendable(field[:_LONGEST_FIELD])
        super().__init__(self.message)


def _sendable(words: str) -> str:
    """Words often repeat what somebody sent; half a surrogate pair in them has no UTF-8."""
    return words.encode("utf-8", "replace").decode("utf-8")


class Refused(NightdeskError):
    """The request cannot be done as it stands; the person can change it."""


class Invalid(Refused):
    """A value in the request is wrong."""


class NotFound(Refused):
    """There is no such thing, or it is not theirs to see."""


class NotAllowed(Refused):
    """The thing is known to the person, but this is not permitted."""


class Conflict(Refused):
    """The state of the thing does not allow it."""


class TooLarge(Refused):
    """Something is over a limit."""


class TooMany(Refused):
    """There are as many of them as one may have; later there may be room."""


class SignInNeeded(NightdeskError):
    """Nobody is signed in, or the token is no longer valid."""


class DatabaseTooNew(NightdeskError):
    """A later version of the platform has changed the tables: this one cannot work with them."""


class Unavailable(NightdeskError):
    """A part of the platform is out of reach; trying again later helps."""


class FenceLost(NightdeskError):
    """Another worker has taken the run over; whoever sees this stops touching the run."""


class EngineError(NightdeskError):
    """The container engine refused or failed."""


class ImageMissing(EngineError):
    """The image is not on this machine."""


class ContainerGone(EngineError):
    """Somebody removed the container."""
