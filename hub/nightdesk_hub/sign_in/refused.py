"""Why a sign-in with a provider did not come about, in words for the person in front of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tornado import web
from tornado.httpclient import HTTPClientError


class SignInProblem(web.HTTPError):
    """`title` and the message are shown on a page of their own."""

    title = "That did not work"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(self.status, message.replace("%", "%%"))
        self.jupyterhub_message = message
        self.headers: dict[str, str] = {}


class NotLetIn(SignInProblem):
    """The provider knows the person; the operator's lists do not."""

    title = "You are not on the list yet"
    status = 403

    def __init__(self, service: str, provider_name: str) -> None:
        super().__init__(
            f"{service} says that you are '{provider_name}', and neither this name nor one of your groups there "
            "is let in here. Ask an admin of this platform to let you in; or, if you have another account, "
            "sign in as somebody else."
        )


class ProviderAway(SignInProblem):
    """It does not answer, or in no way that can be understood."""

    title = "The sign-in service does not answer"
    status = 503

    def __init__(self, service: str, why: str) -> None:
        super().__init__(
            f"{service}, where people of this platform sign in, does not answer as it should. Try again in a few "
            "minutes. Whoever is signed in already can go on."
        )
        self.why = why

    def __str__(self) -> str:
        return f"the provider {self.why}"


class ProviderSaysNo(SignInProblem):
    """It refused what we came with: a code or a token that is over, or the platform's own credentials."""

    title = "The sign-in was not completed"
    status = 403

    def __init__(self, service: str, why: str) -> None:
        super().__init__(
            f"{service} did not confirm this sign-in. Start again from the sign-in page; if it happens again, show "
            "an admin the time and this page: the hub's log says why."
        )
        self.why = why

    def __str__(self) -> str:
        return f"the provider said no: {self.why}"


class WrongStart(SignInProblem):
    """What came back does not belong to a sign-in that was started in this browser."""

    title = "This sign-in was not started here"

    def __init__(self, why: str = "") -> None:
        super().__init__(
            "What came back does not belong to a sign-in from this browser: it was started elsewhere, under "
            "another address of this platform, or too long ago. Start again from the sign-in page."
        )
        self.why = why


@contextmanager
def said_no(service: str) -> Iterator[None]:
    """In the block, what goes wrong between us and the provider becomes one of the above.

    Raises:
        ProviderAway, ProviderSaysNo.
    """
    try:
        yield
    except SignInProblem:
        raise
    except HTTPClientError as error:
        if 400 <= error.code < 500 and error.code not in {408, 429}:
            raise ProviderSaysNo(service, f"status {error.code}") from error
        raise ProviderAway(service, f"answered with status {error.code}") from error
    except web.HTTPError as error:
        # oauthenticator's: no access token came, or a token that cannot be read.
        raise ProviderSaysNo(service, str(error.log_message)) from error
    except (OSError, ssl.SSLError) as error:
        raise ProviderAway(service, f"is out of reach: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderAway(service, f"answered what cannot be understood: {error!r}") from error
