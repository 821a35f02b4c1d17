"""Pages about accounts: signing up, and the admins' list."""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from tornado import web

from nightdesk_hub.accounts import membership
from nightdesk_hub.accounts.homes import home_volumes
from nightdesk_hub.accounts.problem import AccountProblem, said
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving import people


class AccountPage(BaseHandler):  # type: ignore[misc]
    """What the pages share."""

    @property
    def desk(self) -> Desk:
        """What the hub's parts share."""
        return self.authenticator.desk  # type: ignore[no-any-return]

    def check_xsrf_cookie(self) -> None:
        """As ever, with a message that says what to do."""
        try:
            super().check_xsrf_cookie()
        except web.HTTPError as error:
            self.log.warning("%s: %s", self.request.path, error)
            words = "This form is too old or not from here. Load the page again and retry."
            raise said(error.status_code, words) from None

    def text(self, name: str, *, strip: bool = False) -> str:
        """One field of the form; empty when it was not sent."""
        return str(self.get_body_argument(name, "", strip=strip))

    async def show(self, template: str, **values: Any) -> None:
        """Answer with a page."""
        rules = {"min_password_length": self.desk.settings.accounts.min_password_length}
        self.finish(await self.render_template(template, **rules, **values))


class SignUpPage(AccountPage):
    """Asking for an account."""

    async def get(self) -> None:
        """The form."""
        if self.current_user:
            self.redirect(self.hub.base_url + "home")
            return
        await self._form()

    async def post(self) -> None:
        """A filled form."""
        accounts = self.desk.settings.accounts
        if not accounts.open_signup:
            self.set_status(403)
            await self._form()
            return
        name = self.text("username", strip=True).lower()
        password = self.text("password")
        try:
            if password != self.text("again"):
                raise AccountProblem("The two passwords are not the same.")
            if self.find_user(name) is not None:  # made by an admin, who can give them an account
                raise AccountProblem(f"The name '{name}' is taken. Choose another one.", 409)
            await membership.sign_up(self.desk, self.authenticator.hasher, name, password, approved=False)
        except AccountProblem as problem:
            self.set_status(problem.status)
            await self._form(username=name, problem=str(problem))
            return
        self.log.info("account %s asked for", name)
        await self.show("signup.html", asked_for=name)

    async def _form(self, **values: Any) -> None:
        await self.show("signup.html", closed=not self.desk.settings.accounts.open_signup, **values)


class AccountListPage(AccountPage):
    """What shows the admins' list."""

    async def list_accounts(self, problem: str = "") -> None:
        admins = {name for (name,) in self.db.query(orm.User.name).filter(orm.User.admin.is_(True))}
        left_behind = await home_volumes(self.desk)
        rows = [
            {
                "name": account.name,
                "approved": account.approved,
                "created_at": account.created_at,
                "admin": account.name in admins,
                "disabled": self.desk.departures.is_out(account.name),
                "home": self.desk.home(account.name) in left_behind,
                "self": account.name == self.current_user.name,
            }
            for account in self.desk.register.all()
        ]
        await self.show("accounts.html", accounts=rows, problem=problem)


class AccountsPage(AccountListPage):
    """The admins' list."""

    @web.authenticated
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Everybody, who waits first."""
        await self.list_accounts()


class AccountActionPage(AccountListPage):
    """A button in the list: approve or remove."""

    @web.authenticated
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def post(self, name: str, action: str) -> None:
        """Do it and show the list again."""
        try:
            membership.check_may_change(self, name)
            if action == "approve":
                await membership.approve(self, self.desk, name)
            else:
                await people.remove(self, self.desk, name)
        except AccountProblem as problem:
            self.set_status(problem.status)
            await self.list_accounts(str(problem))
            return
        self.log.info("%s: account %s: %s", self.current_user.name, name, action)
        self.redirect(self.hub.base_url + "accounts", status=303)

    async def get(self, *_path: str) -> None:
        """Nothing here by a link; back to the list."""
        self.redirect(self.hub.base_url + "accounts")


handlers = [
    (r"/signup", SignUpPage),
    (r"/accounts", AccountsPage),
    (r"/accounts/([^/]+)/(approve|remove)", AccountActionPage),
]
