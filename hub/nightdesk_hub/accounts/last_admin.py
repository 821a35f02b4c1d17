"""There is always an admin who can sign in: whoever asks to unmake, disable or remove the last one is refused."""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope

from nightdesk_hub.accounts.problem import AccountProblem, said
from nightdesk_hub.desk import Desk


def check_not_last(handler: BaseHandler, desk: Desk, name: str) -> None:
    """Raise AccountProblem (409) where nobody else is an admin who can sign in."""
    admins = {user.name for user in handler.db.query(orm.User).filter_by(admin=True)}
    if name in admins and not any(_can_sign_in(desk, other) for other in admins - {name}):
        raise AccountProblem(f"'{name}' is the last admin. Make somebody else an admin first.", 409)


def _can_sign_in(desk: Desk, name: str) -> bool:
    """By an account or as a provider's; a robot with a token alone is nobody to turn to."""
    known = desk.register.is_approved(name) or desk.register.identities.of(name) is not None
    return known and not desk.departures.is_out(name)


class UserAPI(UserAPIHandler):  # type: ignore[misc]
    """JupyterHub's own, which would unmake and remove the last admin as well."""

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def patch(self, user_name: str) -> None:
        """Change a user."""
        body: Any = self.get_json_body()
        if isinstance(body, dict) and body.get("admin") is False:
            self._check(user_name)
        await super().patch(user_name)

    @needs_scope("delete:users")  # type: ignore[untyped-decorator]
    async def delete(self, user_name: str) -> None:
        """Remove a user."""
        self._check(user_name)
        await super().delete(user_name)

    def _check(self, name: str) -> None:
        try:
            check_not_last(self, self.authenticator.desk, name)
        except AccountProblem as problem:
            raise said(problem.status, str(problem)) from None


handlers = [(r"/api/users/([^/]+)", UserAPI)]
