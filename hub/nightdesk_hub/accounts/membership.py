"""What happens to accounts: asked for, approved, given a password. Who leaves is in `nightdesk_hub.leaving`.

An account (name, password, approved) is ours; the user of the same name (admin, groups, tokens,
sessions) is the hub's. Here the two are kept together.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import maybe_future

from nightdesk_hub.accounts.passwords import Hasher, check_password
from nightdesk_hub.accounts.problem import AccountProblem
from nightdesk_hub.accounts.register import Account
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving import people
from nightdesk_hub.user_names import RESERVED, RULE, is_user_name


async def sign_up(desk: Desk, hasher: Hasher, name: str, password: str, *, approved: bool) -> Account:
    """A new account; `approved` only where an admin asks.

    Raises:
        AccountProblem: says what to change.
    """
    name = name.strip()
    if not is_user_name(name):
        raise AccountProblem(RULE)
    if name in RESERVED:
        raise AccountProblem(f"The name '{name}' is reserved. Choose another one.")
    check_password(password, name, desk.settings.accounts.min_password_length)
    if desk.departures.find(name) is not None:
        raise AccountProblem(f"Somebody of the name '{name}' is just being removed, or disabled.", 409)
    if desk.register.find(name) is not None or desk.register.identities.is_taken(name):
        raise AccountProblem(f"The name '{name}' is taken. Choose another one.", 409)
    return desk.register.add(name, await hasher.hash(password), approved=approved)


async def approve(handler: BaseHandler, desk: Desk, name: str) -> None:
    """Let somebody in and make them a user of the hub."""
    desk.register.get(name)
    await people.enable(handler, desk, name)
    desk.register.set_approved(name, True)
    user = handler.user_from_username(name)
    await maybe_future(handler.authenticator.add_user(user))


async def set_password(
    handler: BaseHandler, desk: Desk, hasher: Hasher, name: str, password: str, *, by: str
) -> None:
    """Give an account a new password; whoever is signed in with the old one is signed out.

    Where it is not the person's own choice they have to choose another one when they sign in.
    """
    desk.register.get(name)
    check_password(password, name, desk.settings.accounts.min_password_length)
    desk.register.set_password(name, await hasher.hash(password), must_change=by != name)
    user = handler.find_user(name)
    if user is not None:
        void_cookies(handler, user)


def check_may_change(handler: BaseHandler, name: str) -> None:
    """Only an admin changes an admin's account, whatever scopes somebody has otherwise.

    Raises:
        AccountProblem: this one may not (403).
    """
    user = handler.find_user(name)
    if user is not None and user.admin and not handler.current_user.admin:
        raise AccountProblem(f"'{name}' is an admin; only admins change an admin's account.", 403)


def void_cookies(handler: BaseHandler, user: Any) -> None:
    """Sign somebody out everywhere."""
    user.cookie_id = orm.new_token()
    handler.db.commit()
