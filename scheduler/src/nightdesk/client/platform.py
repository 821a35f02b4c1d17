"""The platform's REST interface as Python calls."""

from __future__ import annotations

from nightdesk.client.login import find_login
from nightdesk.client.runs import Runs
from nightdesk.client.transport import Transport, read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    from nightdesk.client.admin_answers import AuditEntry, AuditVerdict, LiveSession
    from nightdesk.client.answers import Check, Environment, Health, User
    from nightdesk.client.connections import Connections
    from nightdesk.client.environments import Builds, Environments
    from nightdesk.client.groups import Groups
    from nightdesk.client.hub import Hub
    from nightdesk.client.login import Login
    from nightdesk.client.multipart import Form
    from nightdesk.client.pipelines import Pipelines
    from nightdesk.client.reports import Metrics, Reports
    from nightdesk.client.schedules import Schedules
    from nightdesk.client.sharing import Sharing
    from nightdesk.client.sweeps import Sweeps
    from nightdesk.client.usage import PeopleUse


class Client(Runs):
    """A person's way to the platform, over one connection that is kept open.

    Every call has a timeout and raises a NightdeskError: Unreachable, Refused or one of their kinds. Not
    for use by several threads at a time; make one each.

        with Client() as client:
            run = client.submit("analysis.ipynb", parameters={"year": 2026})
            for event in client.events(run["id"]):
                ...
    """

    def __init__(self, login: Login | None = None) -> None:
        """With `login`, or with the one that counts here (see `nightdesk.client.login`)."""
        self.login = login or find_login()
        self._transport = Transport(self.login)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def environments(self) -> list[Environment]:
        """The environments that one may use, the newest version first."""
        return self.catalogue.listed()

    @property
    def catalogue(self) -> Environments:
        """Environments, their versions and channels."""
        from nightdesk.client.environments import Environments

        return Environments(self._transport)

    @property
    def builds(self) -> Builds:
        """Making versions of environments; admins only."""
        from nightdesk.client.environments import Builds

        return Builds(self._transport)

    @property
    def groups(self) -> Groups:
        """Groups, and what they decide; admins only."""
        from nightdesk.client.groups import Groups

        return Groups(self._transport)

    @property
    def connections(self) -> Connections:
        """Ways to data: what one may use, and for admins what there is."""
        from nightdesk.client.connections import Connections

        return Connections(self._transport)

    @property
    def reports(self) -> Reports:
        """Addresses that stay for the newest good output of something."""
        from nightdesk.client.reports import Reports

        return Reports(self._transport)

    @property
    def metrics(self) -> Metrics:
        """What runs measured of themselves."""
        from nightdesk.client.reports import Metrics

        return Metrics(self._transport)

    @property
    def usage_of_people(self) -> PeopleUse:
        """What people have of the machine now, and had in a month."""
        from nightdesk.client.usage import PeopleUse

        return PeopleUse(self._transport)

    @property
    def sharing(self) -> Sharing:
        """Who else sees a run, and runs side by side."""
        from nightdesk.client.sharing import Sharing

        return Sharing(self._transport)

    @property
    def schedules(self) -> Schedules:
        """Runs by a timetable."""
        from nightdesk.client.schedules import Schedules

        return Schedules(self._transport)

    @property
    def pipelines(self) -> Pipelines:
        """Several notebooks and scripts as one thing."""
        from nightdesk.client.pipelines import Pipelines

        return Pipelines(self._transport)

    @property
    def sweeps(self) -> Sweeps:
        """One file with many sets of parameters."""
        from nightdesk.client.sweeps import Sweeps

        return Sweeps(self._transport)

    def user(self) -> User:
        """Who one is."""
        user: User = self._transport.json("GET", "/user")
        return user

    def health(self) -> Health:
        """Whether the platform answers, and its version; needs no token."""
        health: Health = self._transport.json("GET", "/health")
        return health

    def doctor(self) -> list[Check]:
        """The platform's own checks; admins only."""
        checks: list[Check] = self._transport.json("GET", "/doctor")["checks"]
        return checks

    def audit(self, *, limit: int | None = None, **which: str | None) -> Iterator[AuditEntry]:
        """Who did what, newest first; `which` is by, action, on, address, since, until. Admins only."""
        yield from self._listed("/audit", "entries", limit, which)

    def audit_export(self, *, format: str = "csv", **which: str | None) -> Iterator[bytes]:
        """The same as a file, in pieces. Admins only; it is noted."""
        query = {**which, "format": format}
        yield from self._transport.open("GET", "/audit", "export", query=query).pieces()

    def audit_verify(self) -> AuditVerdict:
        """Whether the audit log is as it was written. Admins only."""
        verdict: AuditVerdict = self._transport.json("GET", "/audit", "verify")
        return verdict

    def sessions(self) -> list[LiveSession]:
        """Everybody's sessions with what they take now. Admins only."""
        sessions: list[LiveSession] = self._transport.json("GET", "/sessions")["sessions"]
        return sessions

    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock is ahead of this one; None where it does not say."""
        return self._transport.clock_skew()

    @property
    def hub(self) -> Hub:
        """The hub behind the same address: accounts and tokens."""
        from nightdesk.client.hub import Hub

        return Hub(self._transport)

    def sent(self, path: str, form: Form) -> Any:
        """Any other call that takes a form."""
        headers = {"Content-Type": form.content_type}
        return self._transport.json("POST", path, body=form, headers=headers)

    def call(self, method: str, *path: str, query: dict[str, Any] | None = None, json: Any = None) -> Any:
        """Any other call of the interface: `path` in segments, the first as it is written ("/runs")."""
        return read_json(self._transport.open(method, *path, query=query, json=json))
