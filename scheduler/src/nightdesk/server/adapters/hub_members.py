"""The port ``Members`` over the hub's REST API, with the service's own token."""

from __future__ import annotations

import json
from urllib.parse import quote

import urllib3

from nightdesk.server.domain.errors import Unavailable


class HubMembers:
    """Asks the hub each time: what somebody may reach is decided by what holds now."""

    def __init__(self, api_url: str, service_token: str) -> None:
        self._api = api_url.rstrip("/")
        self._token = service_token
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=10), retries=False)

    def groups_of(self, name: str) -> tuple[str, ...]:
        try:
            answer = self._pool.request(
                "GET",
                f"{self._api}/users/{quote(name, safe='')}",
                headers={"Authorization": f"Bearer {self._token}"},
            )
            if answer.status == 404:
                return ()
            if answer.status == 200:
                return tuple(str(group) for group in json.loads(answer.data).get("groups", []))
        except (urllib3.exceptions.HTTPError, ValueError, AttributeError) as error:
            raise Unavailable(f"the hub does not say which groups {name} is in") from error
        raise Unavailable(f"the hub answered {answer.status} about the groups of {name}")
