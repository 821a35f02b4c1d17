"""What stands between code and a connection that it was given."""

from __future__ import annotations

from nightdesk.client.errors import LocalProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


class ConnectionProblem(LocalProblem):
    """The connection cannot be opened here."""


class DriverMissing(ConnectionProblem):
    """The environment lacks a package that this kind needs."""


def driver(module: str, package: str, kind: str) -> ModuleType:
    """A library of the environment. Raises DriverMissing, with the package to add."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise missing(package, kind) from error


def missing(package: str, kind: str) -> DriverMissing:
    """The words for it."""
    return DriverMissing(
        f"this environment cannot open {kind} connections: the package '{package}' is not in it",
        f"Choose a version that has it, or ask an admin for one with '{package}' in its list of packages.",
    )


def not_mounted(name: str, place: str) -> ConnectionProblem:
    """A place of the machine that this session or run did not get when it started."""
    return ConnectionProblem(
        f"the connection '{name}' is not mounted here: there is no {place}",
        "Folders and files are mounted when a session or run starts: end the session and start it again.",
    )
