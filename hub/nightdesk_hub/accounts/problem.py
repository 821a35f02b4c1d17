"""What is wrong with a request about an account."""

from __future__ import annotations

from tornado import web


class AccountProblem(Exception):
    """The message is for the person who asked; `status` is the HTTP status for it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class MustChoosePassword(Exception):
    """The password is right and an admin knows it: its owner has to choose another one first."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def said(status: int, message: str, headers: dict[str, str] | None = None) -> web.HTTPError:
    """An error whose message is shown as it is: on pages, beside the sign-in form, in the API."""
    error = web.HTTPError(status)
    error.jupyterhub_message = message  # type: ignore[attr-defined]
    error.headers = headers or {}  # type: ignore[attr-defined]
    return error
