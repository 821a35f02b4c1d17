"""Groups that come from the provider, beside those that admins keep.

A group that a sign-in has made bears a mark in its properties. Only those follow what the provider
says; a group without the mark is the admins', and its members stay whatever the provider says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from jupyterhub import orm

log = logging.getLogger("JupyterHub.groups")

#: The property of a group whose members are kept where people sign in; its value is what the sign-in page calls that.
PROVIDER = "provider"


def is_managed(group: orm.Group) -> bool:
    """Does the provider say who is in it?"""
    return bool((group.properties or {}).get(PROVIDER))


def follow(db: Any, user: orm.User, claimed: Iterable[str], provider: str) -> None:
    """Put somebody into the groups that the provider says, and out of those that it no longer does."""
    wanted = set(claimed)
    kept = [group for group in user.groups if not is_managed(group)]
    found = (
        {group.name: group for group in db.query(orm.Group).filter(orm.Group.name.in_(wanted))}
        if wanted
        else {}
    )
    managed = []
    for name in sorted(wanted):
        group = found.get(name)
        if group is None:
            group = orm.Group(name=name, properties={PROVIDER: provider})
            db.add(group)
        elif not is_managed(group):
            if group not in kept:
                log.warning(
                    "%s: the provider's group %s is not followed, admins keep one of that name",
                    user.name,
                    name,
                )
            continue
        managed.append(group)
    before, after = {group.name for group in user.groups}, {group.name for group in [*kept, *managed]}
    if before == after:
        return
    log.info("%s: groups of the provider: +%s -%s", user.name, sorted(after - before), sorted(before - after))
    user.groups = [*kept, *managed]
    db.commit()
