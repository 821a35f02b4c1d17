"""The way to the provider and back, the page for admins' passwords, and what is said when it fails."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from jupyterhub.utils import url_path_join
from oauthenticator.oauth2 import (
    OAuthCallbackHandler,
    OAuthLoginHandler,
    OAuthLogoutHandler,
    _deserialize_state,
)
from tornado.httputil import url_concat

from nightdesk_hub.accounts.password_page import SignInPage
from nightdesk_hub.sign_in import groups
from nightdesk_hub.sign_in.refused import ProviderSaysNo, SignInProblem, WrongStart

#: In the address of the way to the provider: ask who it is, even if somebody is signed in there.
AGAIN = "again"


def nonce_of(state_id: str) -> str:
    """What the provider has to put into the token: made from the state, which only this browser has."""
    return hashlib.sha256(f"nonce {state_id}".encode()).hexdigest()


class _TellsWhy:
    """A page of its own for what went wrong between the person and the provider."""

    async def tell(self: Any, problem: SignInProblem) -> None:
        """Show it."""
        self.log.warning("sign-in with %s: %s %s", self.authenticator.login_service, problem.title, problem)
        self.set_status(problem.status)
        again = url_concat(url_path_join(self.hub.base_url, "oauth_login"), {AGAIN: "1"})
        self.finish(
            await self.render_template(
                "sign_in_problem.html",
                title=problem.title,
                words=problem.jupyterhub_message,
                status_code=problem.status,
                sign_in_again=again,
            )
        )


class ProviderLogin(_TellsWhy, OAuthLoginHandler):  # type: ignore[misc]
    """Off to the provider."""

    _state_id = ""

    async def get(self) -> None:
        """Send the browser there, once it is known where that is."""
        try:
            await self.authenticator.ready()
        except SignInProblem as problem:
            await self.tell(problem)
            return
        super().get()

    def _generate_state_id(self) -> str:
        self._state_id = super()._generate_state_id()
        return self._state_id

    def authorize_redirect(self, *args: Any, extra_params: dict[str, Any], **more: Any) -> None:
        """With a nonce, and asking who it is where the person wants to be somebody else."""
        extra_params["nonce"] = nonce_of(self._state_id)
        if self.get_argument(AGAIN, ""):
            extra_params["prompt"] = self.authenticator.prompt_again
        super().authorize_redirect(*args, extra_params=extra_params, **more)


class ProviderCallback(_TellsWhy, OAuthCallbackHandler):  # type: ignore[misc]
    """Back from the provider."""

    async def get(self) -> None:
        """Sign in whom it sends, or say why not."""
        try:
            self.check_arguments()
            user = await self.login_user()
            if user is None:
                raise ProviderSaysNo(self.authenticator.login_service, "the name or the person is blocked")
        except SignInProblem as problem:
            await self.tell(problem)
            return
        self.redirect(self.get_next_url(user))

    def check_arguments(self) -> None:
        """Did this browser start it? Only then does anything else count that the address says.

        Raises:
            WrongStart, ProviderSaysNo.
        """
        sent = _deserialize_state(self.get_argument("state", "")).get("state_id") or ""
        if not hmac.compare_digest(str(sent), self.state_id() or "none"):
            raise WrongStart("the state is not the one of this browser")
        if error := self.get_argument("error", ""):
            raise ProviderSaysNo(self.authenticator.login_service, f"{error:.80}")
        if not self.get_argument("code", ""):
            raise WrongStart("there is no code")

    def state_id(self) -> str:
        """The one that this browser was given; empty: none."""
        cookie = self.get_state_cookie()
        return str(_deserialize_state(cookie).get("state_id") or "") if cookie else ""

    async def auth_to_user(self, authenticated: Any, user: Any = None) -> Any:
        """The hub's own, and then the groups."""
        user = await super().auth_to_user(authenticated, user)
        if "groups_claimed" in authenticated:
            groups.follow(
                self.db, user.orm_user, authenticated["groups_claimed"], self.authenticator.login_service
            )
        return user


class ProviderLogout(OAuthLogoutHandler):  # type: ignore[misc]
    """Signed out here; at the provider only by the person's own wish."""

    async def render_logout_page(self) -> None:
        """Say so."""
        self.finish(
            await self.render_template(
                "signed_out.html", end_session_url=self.authenticator.end_session_url()
            )
        )


class AdminPasswordPage(SignInPage):
    """A form for a name and a password, for the admins' own accounts: the provider may be away."""

    def render_template(self, name: str, **values: Any) -> Any:
        """The hub's sign-in page with its form in place of the provider's button."""
        if name == "login.html":
            here = url_concat(
                url_path_join(self.hub.base_url, "login", "password"), {"next": self.get_argument("next", "")}
            )
            values |= {"login_service": "", "by_password": True, "authenticator_login_url": here}
        return super().render_template(name, **values)


handlers = [(r"/login/password", AdminPasswordPage)]
