"""The part of the port ``Records`` that keeps policies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import policies
from nightdesk.server.domain.policy import Kind, Limit, Policy, Reach


class PoliciesSql:
    """Policies."""

    _database: Database

    def policies(self) -> list[Policy]:
        with self._database.reading() as connection:
            return [_policy(row) for row in connection.execute(select(policies))]

    def set_policy(self, policy: Policy) -> None:
        with self._database.writing() as connection:
            same = (policies.c.kind == policy.kind) & (policies.c.name == policy.name)
            connection.execute(delete(policies).where(same))
            if not policy.says_nothing:
                connection.execute(insert(policies), _row(policy))


def _row(policy: Policy) -> dict[str, Any]:
    return {
        "kind": policy.kind,
        "name": policy.name,
        "reads": policy.read,
        "cancels": policy.cancel,
        "sizes": None if policy.sizes is None else list(policy.sizes),
        "limits": {limit.value: value for limit, value in policy.limits.items()},
        "together": policy.together,
    }


def _policy(row: Any) -> Policy:
    return Policy(
        Kind(row.kind),
        row.name,
        Reach(row.reads),
        Reach(row.cancels),
        None if row.sizes is None else tuple(row.sizes),
        {Limit(name): value for name, value in row.limits.items() if name in set(Limit)},
        row.together,
    )
