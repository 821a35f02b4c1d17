"""The way around: what stands on top of every page, the hub's and the platform's own alike."""

from __future__ import annotations

SERVICE = "/services/nightdesk"
HOME = f"{SERVICE}/home"

#: Address and title of what everybody is shown, in order.
PLACES = (
    (HOME, "Home"),
    ("/hub/home", "Session"),
    (f"{SERVICE}/", "Runs"),
    (f"{SERVICE}/pipelines", "Pipelines"),
    (f"{SERVICE}/sweeps", "Sweeps"),
    (f"{SERVICE}/schedules", "Schedules"),
    (f"{SERVICE}/reports", "Reports"),
    (f"{SERVICE}/environments", "Environments"),
    (f"{SERVICE}/connections", "Connections"),
)
#: What stands under one's own name.
MINE = (
    (f"{SERVICE}/usage", "Usage"),
    (f"{SERVICE}/notifications", "Notifications"),
    ("/hub/token", "Tokens"),
    ("/hub/password", "Password"),
)
#: And admins besides.
ADMINS = (f"{SERVICE}/admin", "Admin")

# Where a page belongs whose address does not begin with that of its place.
_BELONGS = {
    f"{SERVICE}/runs": f"{SERVICE}/",
    f"{SERVICE}/metrics": f"{SERVICE}/",
    f"{SERVICE}/usage/people": ADMINS[0],
    f"{SERVICE}/groups": ADMINS[0],
    f"{SERVICE}/policies": ADMINS[0],
    "/hub/spawn": "/hub/home",
    "/hub/spawn-pending": "/hub/home",
    "/hub/accounts": ADMINS[0],
    "/hub/people": ADMINS[0],
}


def place_of(path: str) -> str:
    """The address of the place that a page belongs to; empty where it is none of these."""
    known = {address: address for address, _ in (*PLACES, *MINE, ADMINS)} | _BELONGS
    while path:
        if path in known:
            return known[path]
        path = path.rpartition("/")[0]
    return ""
