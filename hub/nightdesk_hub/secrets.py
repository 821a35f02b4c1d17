"""What the hub is told by its environment: secrets and the platform's name, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class MissingSecret(Exception):
    """A variable that the hub cannot start without is not set."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The hub's secrets. None of them shows in its repr."""

    project: str
    admin_password: str = field(repr=False)
    proxy_token: str = field(repr=False)
    service_token: str = field(repr=False)
    setup_token: str = field(repr=False)
    #: Of the provider that people sign in with; empty where there is none.
    sign_in_secret: str = field(default="", repr=False)


SIGN_IN_SECRET = "NIGHTDESK_SIGN_IN_SECRET"  # noqa: S105  # the variable's name


def read_secrets(environ: Mapping[str, str], *, provider: bool = False) -> Secrets:
    """The hub's secrets out of its environment; with a `provider` also the one that it knows the platform by.

    Raises:
        MissingSecret: a variable is unset or empty; the message names all that are.
    """
    variables = {
        "admin_password": "NIGHTDESK_ADMIN_PASSWORD",
        "proxy_token": "CONFIGPROXY_AUTH_TOKEN",
        "service_token": "NIGHTDESK_SERVICE_TOKEN",
        "setup_token": "NIGHTDESK_SETUP_TOKEN",
    }
    missing = [variable for variable in variables.values() if not environ.get(variable)]
    if missing:
        raise MissingSecret(
            f"the hub needs {' and '.join(missing)} in its environment. They belong in config/.env: "
            "`make up` adds what is missing there."
        )
    if provider and not environ.get(SIGN_IN_SECRET):
        raise MissingSecret(
            f"the hub needs {SIGN_IN_SECRET} in its environment, because people sign in with a provider: the "
            "client secret that the provider gave you. Write it into config/.env; docs/sign-in.md has the steps."
        )
    values = {name: environ[variable] for name, variable in variables.items()}
    return Secrets(
        project=environ.get("NIGHTDESK_PROJECT") or "nightdesk",
        sign_in_secret=environ.get(SIGN_IN_SECRET, ""),
        **values,
    )
