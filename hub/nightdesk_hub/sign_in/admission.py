"""Who is let in, and who is an admin: what the operator's lists make of what a provider says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nightdesk.sign_in import Provider

from nightdesk_hub.sign_in.identities import Caller

_GROUP = re.compile(r"[^\x00-\x1f\x7f,]{1,200}")
#: More than that of one person are somebody's mistake.
MOST_GROUPS = 500


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of somebody now. `domain` only where it vouches for the address.

    `may_be_listed` is false for somebody who has come by a name that was another's: lists of people do
    not mean them.
    """

    caller: Caller
    groups: frozenset[str] = frozenset()
    domain: str = ""
    may_be_listed: bool = True

    def is_in(self, names: Iterable[str]) -> bool:
        """Does one of these names mean this person?"""
        if not self.may_be_listed:
            return False
        return self.caller.provider_name.casefold() in {name.casefold() for name in names}

    def has_one_of(self, groups: Iterable[str]) -> bool:
        """Is the person in one of these groups?"""
        return not self.groups.isdisjoint(clean_groups(groups))


def is_admin(provider: Provider, who: Vouched) -> bool | None:
    """Is this person an admin? None: nothing is said about admins, so that it stays as it is."""
    users, groups = provider.admin_users, getattr(provider, "admin_groups", ())
    if not users and not groups:
        return None
    return who.is_in(users) or who.has_one_of(groups)


def is_allowed(provider: Provider, who: Vouched) -> bool:
    """Is this person let in by what the sign-in itself says? Some kinds look further."""
    return (
        provider.allow_all
        or bool(is_admin(provider, who))
        or who.is_in(provider.allowed_users)
        or who.has_one_of(getattr(provider, "allowed_groups", ()))
        or (bool(who.domain) and who.domain in getattr(provider, "allowed_domains", ()))
    )


def clean_groups(claim: object) -> frozenset[str]:
    """Names of groups out of a claim: a list, or one name. Keycloak's paths lose their first slash.

    What could not stand in a list of groups (commas, control characters, no text) is left out.
    """
    if isinstance(claim, str):
        claim = [claim]
    if not isinstance(claim, Iterable):
        return frozenset()
    names = [each.strip().lstrip("/") for each in claim if isinstance(each, str)]
    return frozenset([name for name in names if _GROUP.fullmatch(name)][:MOST_GROUPS])
