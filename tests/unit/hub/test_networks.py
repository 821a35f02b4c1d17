"""Each person's network: made once, in the pool, with the hub and the proxy in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from docker.errors import APIError
from nightdesk_hub.names import Names
from nightdesk_hub.networks import NoNetwork, UserNetworks, reconcile_quietly

from .engine_double import EngineDouble

NAMES = Names("desk")


@pytest.fixture
def engine() -> EngineDouble:
    return EngineDouble("desk", set())


def networks(engine: EngineDouble, pool: str = "10.213.0.0/24") -> UserNetworks:
    return UserNetworks(engine, NAMES, pool)


def subnet(engine: EngineDouble, user: str) -> str:
    return str(engine.nets[NAMES.network(user)]["IPAM"]["Config"][0]["Subnet"])


def test_name_sorts_after_the_platforms_own_network() -> None:
    # The engine publishes the proxy's port on the first of its networks by name.
    assert NAMES.network("aaa") > "desk_control"


def test_made_once_with_hub_and_proxy_in_it(engine: EngineDouble) -> None:
    people = networks(engine)
    assert asyncio.run(people.ensure("ada")) == asyncio.run(people.ensure("ada")) == "desk_user-ada"
    net = engine.nets["desk_user-ada"]
    assert net["Labels"] == {
        "org.nightdesk.project": "desk",
        "org.nightdesk.role": "network",
        "org.nightdesk.user": "ada",
    }
    assert engine.boxes["desk-hub-1"]["Aliases"] == {"desk_user-ada": ["hub"]}
    assert engine.boxes["desk-proxy-1"]["Aliases"] == {"desk_user-ada": ["proxy"]}
    assert engine.calls.count("create_network") == 1


def test_each_has_a_subnet_of_its_own_clear_of_others(engine: EngineDouble) -> None:
    taken = {"Subnet": "10.213.0.16/28"}
    engine.nets["others"] = {
        "Name": "others",
        "Labels": {},
        "IPAM": {"Config": [taken, {"Subnet": "fd00::/64"}]},
    }
    engine.nets["host"] = {"Name": "host", "Labels": {}, "IPAM": {"Config": None}}
    people = networks(engine)
    for user in ("ada", "bob"):
        asyncio.run(people.ensure(user))
    assert (subnet(engine, "ada"), subnet(engine, "bob")) == ("10.213.0.0/28", "10.213.0.32/28")


def test_a_full_pool_is_said(engine: EngineDouble) -> None:
    people = networks(engine)
    for number in range(16):
        asyncio.run(people.ensure(f"user{number}"))
    with pytest.raises(NoNetwork, match=r"sessions\.network_pool"):
        asyncio.run(people.ensure("onemore"))


def test_a_route_that_no_network_shows_is_skipped(engine: EngineDouble) -> None:
    create = engine.create_network

    def overlapping(name: str, **kwargs: Any) -> None:
        if kwargs["ipam"]["Config"][0]["Subnet"].startswith("10.213.0.0/"):
            raise APIError("no", explanation="Pool overlaps with other one on this address space")
        create(name, **kwargs)

    engine.create_network = overlapping  # type: ignore[method-assign]
    asyncio.run(networks(engine).ensure("ada"))
    assert subnet(engine, "ada") == "10.213.0.16/28"


def test_new_containers_of_hub_and_proxy_are_attached(engine: EngineDouble) -> None:
    people = networks(engine)
    for user in ("ada", "bob"):
        asyncio.run(people.ensure(user))
    del engine.boxes["desk-proxy-1"]
    engine.add_service("desk", "proxy", 2)
    engine.add_service("another", "proxy")
    engine.add_service("desk", "redis")
    asyncio.run(people.reconcile())
    assert engine.boxes["desk-proxy-2"]["Aliases"] == {"desk_user-ada": ["proxy"], "desk_user-bob": ["proxy"]}
    assert engine.boxes["another-proxy-1"]["Nets"] == {"another_control"}
    assert engine.boxes["desk-redis-1"]["Nets"] == {"desk_control"}
    assert engine.calls.count("connect_container_to_network") == 6


def test_networks_that_are_no_persons_are_left_alone(engine: EngineDouble) -> None:
    # The engine would publish the proxy's port on such a network if its name came first.
    labels = {"org.nightdesk.project": "desk", "org.nightdesk.role": "network"}
    engine.create_network(
        "another-of-the-platform", "bridge", labels, {"Config": [{"Subnet": "10.9.0.0/24"}]}, {}
    )
    asyncio.run(networks(engine).reconcile())
    assert engine.boxes["desk-proxy-1"]["Nets"] == {"desk_control"}


def test_one_network_in_trouble_keeps_nothing_from_the_others(engine: EngineDouble) -> None:
    people = networks(engine)
    for user in ("ada", "bob"):
        asyncio.run(people.ensure(user))
    engine.add_service("desk", "proxy", 2)
    connect = engine.connect_container_to_network

    def spoilt(box: str, net: str, aliases: list[str]) -> None:
        if net == "desk_user-ada":
            raise APIError("no", explanation="out of addresses")
        connect(box, net, aliases)

    engine.connect_container_to_network = spoilt  # type: ignore[method-assign]
    assert asyncio.run(reconcile_quietly(people))
    assert "desk_user-bob" in engine.boxes["desk-proxy-2"]["Nets"]
    with pytest.raises(APIError):
        asyncio.run(people.ensure("ada"))


def test_without_the_hub_itself_nothing_can_start(engine: EngineDouble) -> None:
    del engine.boxes["desk-hub-1"]
    with pytest.raises(NoNetwork, match="NIGHTDESK_PROJECT"):
        asyncio.run(networks(engine).ensure("ada"))


def test_remove_empties_it_first(engine: EngineDouble) -> None:
    people = networks(engine)
    asyncio.run(people.ensure("ada"))
    asyncio.run(people.remove("ada"))
    asyncio.run(people.remove("ada"))
    assert engine.nets == {}
    assert engine.boxes["desk-hub-1"]["Nets"] == {"desk_control"}


def test_an_engine_that_is_away_stops_no_hub(engine: EngineDouble) -> None:
    engine.fail["networks"] = TimeoutError()
    assert not asyncio.run(reconcile_quietly(networks(engine)))
