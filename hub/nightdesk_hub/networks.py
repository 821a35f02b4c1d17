"""A network for each person, with the hub and the proxy in it and nobody else.

Sessions of one person see each other; another person's, redis, the database and the engine are on
other networks, and the engine lets nothing pass between two of its bridges.
"""

from __future__ import annotations

import asyncio
import logging
from ipaddress import IPv4Network
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from nightdesk_hub.engine import ENGINE_ERRORS, Engine, explain
from nightdesk_hub.names import COMPOSE_ONEOFF, COMPOSE_PROJECT, COMPOSE_SERVICE, LABEL_USER, Names

log = logging.getLogger("JupyterHub.networks")

#: Room for the gateway, the hub, the proxy and ten sessions.
PREFIX = 28
#: By the name of its bridge the filter of what leaves it (nightdesk.server.egress) knows a network.
BRIDGE_NAME = "com.docker.network.bridge.name"
#: The platform's parts in each person's network, under these names.
MEMBERS = ("hub", "proxy")


class NoNetwork(Exception):
    """A person's network cannot be made; the message says what an admin can do."""


class UserNetworks:
    """The networks of one platform's people."""

    def __init__(self, engine: Engine, names: Names, pool: str) -> None:
        self._engine = engine
        self._names = names
        self._pool = IPv4Network(pool)
        self._making = asyncio.Lock()
        #: The proxy's addresses on all networks that it is in; empty until they were looked up first.
        self.proxies: frozenset[str] = frozenset()

    async def ensure(self, user: str) -> str:
        """The name of a person's network, which is there and has the hub and the proxy in it.

        Raises:
            NoNetwork: the pool is used up, or the hub does not find its own container.
        """
        name = self._names.network(user)
        async with self._making:
            if not await self._exists(name):
                await self._create(name, user)
            await self._attach([name], starting=True)
        return name

    async def reconcile(self) -> None:
        """Attach the hub and the proxy to every person's network; either may be a new container."""
        async with self._making:
            found = await self._engine.call(
                "networks", filters={"label": [*self._names.label_filter("network"), LABEL_USER]}
            )
            await self._attach([network["Name"] for network in found])

    async def remove(self, user: str) -> None:
        """Take a person's network away; nothing happens when there is none."""
        name = self._names.network(user)
        async with self._making:
            try:
                network = await self._engine.call("inspect_network", name)
                for container in network.get("Containers") or {}:
                    await self._engine.call("disconnect_container_from_network", container, name, force=True)
                await self._engine.call("remove_network", name)
            except NotFound:
                return
        log.info("removed network %s", name)

    async def _exists(self, name: str) -> bool:
        try:
            await self._engine.call("inspect_network", name)
        except NotFound:
            return False
        return True

    async def _create(self, name: str, user: str) -> None:
        used = [
            IPv4Network(config["Subnet"])
            for network in await self._engine.call("networks")
            for config in (network.get("IPAM") or {}).get("Config") or []
            if "." in config.get("Subnet", "")
        ]
        for subnet in self._pool.subnets(new_prefix=PREFIX):
            if any(subnet.overlaps(other) for other in used):
                continue
            try:
                await self._engine.call(
                    "create_network",
                    name,
                    driver="bridge",
                    options={BRIDGE_NAME: self._names.bridge(user)},
                    labels=self._names.labels("network", user),
                    ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))]),
                )
            except APIError as error:
                if "already exists" in explain(error):
                    return
                if "overlap" in explain(error):  # with a route of this machine that no network shows
                    continue
                raise
            log.info("made network %s (%s)", name, subnet)
            return
        raise NoNetwork(
            f"all networks of the pool {self._pool} are taken. An admin gives sessions.network_pool in "
            "nightdesk.yaml a larger one, or removes accounts that are not used any more."
        )

    async def _attach(self, networks: list[str], *, starting: bool = False) -> None:
        """Put the hub and the proxy into the networks that they are not in yet.

        For a session that starts everything must work; otherwise one network in trouble keeps
        nothing from the others.
        """
        members = await self._members()
        if starting and not any(service == "hub" for service, _ in members):
            raise NoNetwork(
                f"the hub does not find its own container: none is labelled {COMPOSE_PROJECT}="
                f"{self._names.project} and {COMPOSE_SERVICE}=hub. Is NIGHTDESK_PROJECT right?"
            )
        attached = False
        for service, container in members:
            inside = container["NetworkSettings"]["Networks"]
            for name in networks:
                if name in inside:
                    continue
                try:
                    await self._connect(container["Id"], name, service)
                    attached = True
                except APIError as error:
                    if starting:
                        raise
                    log.warning("could not attach the %s to %s: %s", service, name, explain(error))
        self.proxies = _addresses(await self._members() if attached else members)

    async def _members(self) -> list[tuple[str, dict[str, Any]]]:
        """The running containers of hub and proxy, with the service that each of them is."""
        found = await self._engine.call(
            "containers", filters={"label": [f"{COMPOSE_PROJECT}={self._names.project}"]}
        )
        return [
            (container["Labels"][COMPOSE_SERVICE], container)
            for container in found
            if container["Labels"].get(COMPOSE_SERVICE) in MEMBERS
            and container["Labels"].get(COMPOSE_ONEOFF, "False") == "False"
        ]

    async def _connect(self, container: str, network: str, service: str) -> None:
        try:
            await self._engine.call("connect_container_to_network", container, network, aliases=[service])
        except APIError as error:
            if "already exists" not in explain(error):
                raise
        else:
            log.info("attached the %s to %s", service, network)


def _addresses(members: list[tuple[str, dict[str, Any]]]) -> frozenset[str]:
    """The proxy's."""
    inside = [
        network
        for service, container in members
        if service == "proxy"
        for network in container["NetworkSettings"]["Networks"].values()
    ]
    return frozenset(network.get("IPAddress") or "" for network in inside) - {""}


async def reconcile_quietly(networks: UserNetworks) -> bool:
    """Reconcile; whether it worked. For places that go on without."""
    try:
        await networks.reconcile()
    except ENGINE_ERRORS as error:
        log.warning("could not look after people's networks: %s", explain(error))
        return False
    return True
