"""What can go wrong between a person and the platform.

::

    NightdeskError          words for a person and, where there is one, what to do next
    ├── WrongUsage          cannot be meant this way: a file that is not there, a duration of "2 x"
    │   └── NoLogin         no address or no token of a platform is known
    ├── LocalProblem        this machine or its files stand in the way: a link out of the folder, a full disk
    ├── Unreachable         the platform is out of reach
    │   ├── ConnectionLost  the connection broke before the answer was whole
    │   └── BadAnswer       something answers at the address, but it is not Nightdesk
    └── Refused             the platform answered, and the answer is no
        ├── SignInNeeded    401: the token is missing, wrong or expired
        ├── NotAllowed      403
        └── NotFound        404
"""

from __future__ import annotations


class NightdeskError(Exception):
    """Something a person can act on: `message` in plain words, `hint` says what to do next."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUsage(NightdeskError):
    """What was asked for cannot be meant this way."""


class NoLogin(WrongUsage):
    """No address or no token of a platform is known."""


class LocalProblem(NightdeskError):
    """This machine or its files stand in the way."""


class Unreachable(NightdeskError):
    """The platform is out of reach."""


class ConnectionLost(Unreachable):
    """The connection broke before the answer was whole; whether the platform acted is not known."""


class BadAnswer(Unreachable):
    """Something answers at the address, but not as Nightdesk does."""


class Refused(NightdeskError):
    """The platform answered, and the answer is no; `field` is what it is about (`parameters.year`), where it says so."""

    def __init__(
        self, message: str, hint: str | None = None, *, status: int, code: str = "", field: str | None = None
    ) -> None:
        super().__init__(message, hint)
        self.field = field
        self.status = status
        self.code = code


class SignInNeeded(Refused):
    """The token is missing, wrong or expired."""


class NotAllowed(Refused):
    """Signed in, but this is not for you."""


class NotFound(Refused):
    """There is no such thing, or it is not yours to see."""


BY_STATUS: dict[int, type[Refused]] = {401: SignInNeeded, 403: NotAllowed, 404: NotFound}
