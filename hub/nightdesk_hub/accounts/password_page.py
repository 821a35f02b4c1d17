"""Signing in with a password, changing it, and choosing one in place of the one that an admin gave out."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers.login import LoginHandler
from tornado import web
from tornado.escape import url_escape

from nightdesk_hub.accounts import membership
from nightdesk_hub.accounts.pages import AccountPage
from nightdesk_hub.accounts.problem import AccountProblem, MustChoosePassword


class SignInPage(LoginHandler):  # type: ignore[misc]
    """The hub's own, which leads on to a new password where one has to be chosen."""

    async def post(self) -> None:
        """A filled form."""
        try:
            await super().post()
        except MustChoosePassword as must:
            rules = {"min_password_length": self.authenticator.desk.settings.accounts.min_password_length}
            following = url_escape(self.get_argument("next", ""))
            self.finish(
                await self.render_template("new_password.html", username=must.name, next=following, **rules)
            )


class NewPasswordPage(AccountPage):
    """Choosing a password at the first sign-in after an admin has given one out. Nobody is signed in yet."""

    async def get(self) -> None:
        """Nothing here by a link."""
        self.redirect(self.hub.base_url + "login")

    async def post(self) -> None:
        """A filled form: the password that was given out, and the one to have."""
        name, password = self.text("username", strip=True), self.text("password")
        try:
            account = await self.authenticator.account_of(self, name, self.text("current"))
            if account is None:
                raise AccountProblem("The password that you were given is not right.", 403)
            if password != self.text("again"):
                raise AccountProblem("The two new passwords are not the same.")
            if password == self.text("current"):
                raise AccountProblem("Choose another password than the one that you were given.")
            await membership.set_password(
                self, self.desk, self.authenticator.hasher, account.name, password, by=account.name
            )
        except AccountProblem as problem:
            self.set_status(problem.status)
            following = url_escape(self.get_argument("next", ""))
            await self.show("new_password.html", username=name, next=following, problem=str(problem))
            return
        user = await self.login_user({"username": account.name, "password": password})
        self.redirect(self.get_next_url(user))


class PasswordPage(AccountPage):
    """Changing one's own password."""

    @web.authenticated
    async def get(self) -> None:
        """The form."""
        await self._form()

    @web.authenticated
    async def post(self) -> None:
        """A filled form."""
        user = self.current_user
        password = self.text("password")
        try:
            kept = self.desk.register.get(user.name).password
            if not await self.authenticator.hasher.verify(self.text("current"), kept):
                raise AccountProblem("The current password is not right.", 403)
            if password != self.text("again"):
                raise AccountProblem("The two new passwords are not the same.")
            await membership.set_password(
                self, self.desk, self.authenticator.hasher, user.name, password, by=user.name
            )
        except AccountProblem as problem:
            self.set_status(problem.status)
            await self._form(problem=str(problem))
            return
        self.set_hub_cookie(user)
        await self._form(changed=True)

    async def _form(self, **values: Any) -> None:
        has_one = self.desk.register.find(self.current_user.name) is not None
        await self.show("password.html", has_one=has_one, **values)


handlers = [
    (r"/login", SignInPage),
    (r"/password/new", NewPasswordPage),
    (r"/password", PasswordPage),
]
