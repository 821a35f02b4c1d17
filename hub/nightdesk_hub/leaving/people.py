"""Disabling people, letting them in again, removing them: what an admin asks for, checked and put on record."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers import BaseHandler

from nightdesk_hub.accounts.last_admin import check_not_last
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.addresses import address_of
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving.departures import State


async def disable(handler: BaseHandler, desk: Desk, name: str, heir: str | None = None) -> dict[str, Any]:
    """Shut somebody out at once; what they own goes to the heir, if one is named. What the api did.

    Raises:
        AccountProblem: says what to change.
    """
    check_there(handler, desk, name)
    _check_not_oneself(handler, name)
    check_not_last(handler, desk, name)
    if heir is not None:
        _check_heir(handler, desk, name, heir)
    desk.departures.disable(name, by(handler), heir, address(handler))
    handler.log.info("%s disables %s%s", by(handler), name, f", {heir} takes over" if heir else "")
    return await desk.settling.settle(name)


async def enable(handler: BaseHandler, desk: Desk, name: str) -> None:
    """Let somebody in again. It brings nothing back by itself: no session, token or run.

    Raises:
        AccountProblem: there is nobody of the name, or they are just being removed.
    """
    check_there(handler, desk, name)
    found = desk.departures.find(name)
    if found is None:
        return
    if found.state is State.REMOVING:
        raise AccountProblem(f"'{name}' is just being removed. Try again in a minute.", 409)
    desk.departures.enable(name, by(handler), address(handler))
    desk.departures.forget_volume(desk.home(name))  # it is theirs alone again
    handler.log.info("%s enables %s", by(handler), name)
    await desk.settling.settle(name)


async def remove(handler: BaseHandler, desk: Desk, name: str, *, purge_home: bool = False) -> bool:
    """Disable somebody and take the account away; whether it is gone already. Runs stay on record.

    Raises:
        AccountProblem: there is nobody of the name, it is oneself, the last admin, or others need the home still.
    """
    check_there(handler, desk, name)
    _check_not_oneself(handler, name)
    check_not_last(handler, desk, name)
    if purge_home and (heirs := desk.departures.heirs_of(desk.home(name))):
        raise AccountProblem(
            f"The home of '{name}' was handed over to {' and '.join(heirs)}, who may need it. "
            "Remove the person without it.",
            409,
        )
    if handler.find_user(name) is None and not desk.departures.is_out(name):
        desk.register.remove(name)  # who only asked for an account has nothing that could be left
        return True
    desk.departures.disable(name, by(handler), address=address(handler))
    desk.departures.remove(name, purge_home=purge_home)
    handler.log.info("%s removes %s%s", by(handler), name, " with their home" if purge_home else "")
    await desk.settling.settle(name)
    return desk.departures.find(name) is None


def by(handler: BaseHandler) -> str:
    """Who asks."""
    return str(handler.current_user.name)


def address(handler: BaseHandler) -> str:
    """From where they ask."""
    return address_of(handler.request, handler.authenticator.desk)


def check_there(handler: BaseHandler, desk: Desk, name: str) -> None:
    """Raise AccountProblem (404) where nobody is called so."""
    if handler.find_user(name) is None and not desk.departures.is_out(name):
        desk.register.get(name)


def _check_not_oneself(handler: BaseHandler, name: str) -> None:
    if handler.current_user.name == name and handler.find_user(name) is not None:
        raise AccountProblem("You cannot remove or disable your own account; another admin can.")


def _check_heir(handler: BaseHandler, desk: Desk, name: str, heir: str) -> None:
    if heir == name:
        raise AccountProblem("Somebody else has to take over.")
    if handler.find_user(heir) is None:
        raise AccountProblem(f"There is no '{heir}' who could take over.", 404)
    if desk.departures.is_out(heir):
        raise AccountProblem(f"'{heir}' is disabled too and cannot take over.", 409)
