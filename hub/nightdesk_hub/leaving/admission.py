"""May somebody sign in, whichever way they do it? Every authenticator asks here."""

from __future__ import annotations

from nightdesk_hub.accounts.problem import said
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving.departures import State

DISABLED = "Your account is disabled: you cannot sign in. If you think that is a mistake, ask an admin."
LEAVING = "Somebody of the name '{name}' is just being removed. Try again in a minute."


def check_may_sign_in(desk: Desk, name: str) -> None:
    """Refuse somebody who was disabled, and anybody under a name whose last owner is not gone yet.

    Raises:
        web.HTTPError: 403 or 409, with words for the person.
    """
    check_not_going(desk, name)
    if desk.departures.is_out(name):
        raise said(403, DISABLED)


def check_not_going(desk: Desk, name: str) -> None:
    """Raise web.HTTPError (409) while the last owner of a name is being removed: nobody inherits from them."""
    found = desk.departures.find(name)
    if found is not None and found.state is State.REMOVING:
        raise said(409, LEAVING.format(name=name))
