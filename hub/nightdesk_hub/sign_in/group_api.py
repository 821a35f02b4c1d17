"""The hub's API of groups, which leaves alone those that come from the provider."""

from __future__ import annotations

from typing import Any

from jupyterhub.apihandlers import groups as hub_groups

from nightdesk_hub.accounts.problem import said
from nightdesk_hub.sign_in.groups import is_managed


class _Guarded:
    """Reading is as ever; who changes a group that the provider keeps is told so."""

    async def prepare(self: Any) -> None:
        await super().prepare()  # type: ignore[misc]
        if self.request.method in {"GET", "HEAD", "OPTIONS"}:
            return
        group = hub_groups.orm.Group.find(self.db, name=self.path_args[0])
        if group is not None and is_managed(group) and not self._may_go(group):
            raise said(
                409,
                f"The group '{group.name}' comes from {self.authenticator.login_service} and is changed there. "
                "For a group that admins keep take another name.",
            )

    def _may_go(self: Any, group: Any) -> bool:
        """One that nobody is in any more may be removed."""
        return bool(
            self.request.method == "DELETE"
            and self.request.path.endswith(f"/{self.path_args[0]}")
            and not group.users
        )


class GuardedGroup(_Guarded, hub_groups.GroupAPIHandler):  # type: ignore[misc]
    """One group."""


class GuardedMembers(_Guarded, hub_groups.GroupUsersAPIHandler):  # type: ignore[misc]
    """Who is in it."""


class GuardedProperties(_Guarded, hub_groups.GroupPropertiesAPIHandler):  # type: ignore[misc]
    """What else is said about it, the mark among it."""


handlers = [
    (r"/api/groups/([^/]+)", GuardedGroup),
    (r"/api/groups/([^/]+)/users", GuardedMembers),
    (r"/api/groups/([^/]+)/properties", GuardedProperties),
]
