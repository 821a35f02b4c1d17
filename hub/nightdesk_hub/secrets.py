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


def read_secrets(environ: Mapping[str, str]) -> Secrets:
    """The hub's secrets out of its environment.

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
    values = {name: environ[variable] for name, variable in variables.items()}
    return Secrets(project=environ.get("NIGHTDESK_PROJECT") or "nightdesk", **values)
