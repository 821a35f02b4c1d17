"""The page on which an admin disables, lets in or removes somebody: it says first what will happen."""

from __future__ import annotations

from jupyterhub import orm
from jupyterhub.scopes import needs_scope
from tornado import web

from nightdesk_hub.accounts import membership
from nightdesk_hub.accounts.pages import AccountPage
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.leaving import people
from nightdesk_hub.leaving.api import person_model


class PersonPage(AccountPage):
    """One person: what they have at the hub, and what can be done."""

    @web.authenticated
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        """What there is, and the buttons."""
        await self._show(name)

    async def _show(self, name: str, problem: str = "", done: str = "") -> None:
        try:
            people.check_there(self, self.desk, name)
        except AccountProblem as error:
            raise web.HTTPError(404, str(error)) from None
        others = [
            other
            for (other,) in self.db.query(orm.User.name).order_by(orm.User.name)
            if other != name and not self.desk.departures.is_out(other)
        ]
        await self.show(
            "person.html",
            who=person_model(self, name),
            others=others,
            problem=problem,
            done=done,
            oneself=name == self.current_user.name,
        )


class PersonActionPage(PersonPage):
    """A button on it."""

    @web.authenticated
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def post(self, name: str, action: str) -> None:
        """Do it and show how it stands."""
        try:
            membership.check_may_change(self, name)
            if action == "disable":
                done = await people.disable(self, self.desk, name, self.text("heir", strip=True) or None)
                words = f"{name} is shut out. {_counts(done)}"
            elif action == "enable":
                await people.enable(self, self.desk, name)
                words = f"{name} may sign in again."
            elif await people.remove(self, self.desk, name, purge_home=self.text("purge_home") == "yes"):
                self.redirect(self.hub.base_url + "accounts", status=303)
                return
            else:
                words = f"{name} is shut out; removing goes on by itself as soon as all parts of the platform answer."
        except AccountProblem as problem:
            self.set_status(problem.status)
            await self._show(name, problem=str(problem))
            return
        await self._show(name, done=words)

    @web.authenticated
    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def get(self, name: str, _action: str) -> None:
        """Nothing here by a link; back to the person."""
        self.redirect(f"{self.hub.base_url}people/{name}")


def _counts(done: dict[str, int]) -> str:
    if not done:
        return "The platform is told about the runs as soon as it answers."
    words = f"{done.get('cancelled', 0)} waiting and {done.get('ending', 0)} running runs ended"
    return words + (f", {done['handed_over']} were handed over." if done.get("handed_over") else ".")


handlers = [(r"/people/([^/]+)", PersonPage), (r"/people/([^/]+)/(disable|enable|remove)", PersonActionPage)]
