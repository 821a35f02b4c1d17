"""The proxy as the hub sees it: in a container of its own, and sometimes a new one."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientError, ClientTimeout
from jupyterhub.httpclient import fetch
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.utils import url_path_join
from tornado.ioloop import PeriodicCallback
from traitlets import Any as AnyTrait
from traitlets import Bool

from nightdesk_hub.desk import Desk
from nightdesk_hub.engine_socket import leave_if_gone
from nightdesk_hub.networks import reconcile_quietly
from nightdesk_hub.service_tokens import revoke_replaced

#: How often the hub looks whether the proxy still knows its routes. A proxy that was replaced knows
#: none, and is in nobody's network yet.
LOOK_SECONDS = 2.0


class NightdeskProxy(ConfigurableHTTPProxy):  # type: ignore[misc]
    """configurable-http-proxy, run by Compose. A new one is noticed and healed within seconds."""

    desk: Desk = AnyTrait().tag(config=True)  # type: ignore[assignment]
    should_start = Bool(False, config=True)

    _watch: PeriodicCallback | None = None
    _looking = False

    async def check_routes(
        self, user_dict: Any, service_dict: Any, routes: dict[str, Any] | None = None
    ) -> None:
        """As ever, the hub's own route last: until that is there, a new proxy says that the platform starts.

        The first check is the end of the hub's start: it also starts the watch.
        """
        if self._watch is None:
            revoke_replaced(self.app)
            await reconcile_quietly(self.desk.networks)
            self._watch = PeriodicCallback(self._look, 1000 * LOOK_SECONDS)
            self._watch.start()
            self.desk.settling.start(self.app)
            PeriodicCallback(leave_if_gone, 1000 * LOOK_SECONDS).start()
        known, own = routes or await self.get_all_routes(), self.app.hub.routespec
        try:
            await super().check_routes(
                user_dict, service_dict, {own: {"target": self.hub.host, "data": {}}} | known
            )
        finally:
            if own not in known:
                await self.add_hub_route(self.hub)

    async def _look(self) -> None:
        """Heal a proxy that does not know the way to the hub."""
        if self._looking:
            return
        self._looking = True
        try:
            if await self._forgot_everything():
                self.log.warning("The proxy is a new one: restoring networks and routes")
                if await reconcile_quietly(self.desk.networks):
                    await self.check_routes(self.app.users, self.app._service_map)
        except (ClientError, TimeoutError) as error:
            self.log.warning("The proxy went away while it was restored: %s", error)
        finally:
            self._looking = False

    async def _forgot_everything(self) -> bool:
        """Does it answer, without the hub's own route?"""
        try:
            answer = await fetch(
                url_path_join(self.api_url, "api/routes"),
                headers={"Authorization": f"token {self.auth_token}"},
                timeout=ClientTimeout(total=LOOK_SECONDS),
            )
            return "/" not in await answer.json()
        except (ClientError, TimeoutError):
            return False
