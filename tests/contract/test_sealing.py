"""What every Sealing does: the real one and the double."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from nightdesk.server.adapters.sealing import AesSealing, BadKey
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.ports.sealing import Sealing

OLD, NEW = "1" * 64, "2" * 64
SECRETS = {"password": "canary-secret", "options": {"deep": ["ünïcode", 1]}}


def _real() -> tuple[Sealing, Callable[[str], Sealing]]:
    keys = {"old": OLD, "both": f"{NEW},{OLD}", "new": NEW}
    return AesSealing(OLD), lambda which: AesSealing(keys[which])


def _double() -> tuple[Sealing, Callable[[str], Sealing]]:
    one = MemorySealing("old")
    keys = {"old": ["old"], "both": ["new", "old"], "new": ["new"]}

    def later(which: str) -> Sealing:
        one.keys = keys[which]
        return one

    return one, later


@pytest.fixture(params=[_real, _double], ids=["real", "double"])
def pair(request: pytest.FixtureRequest) -> tuple[Sealing, Callable[[str], Sealing]]:
    """One with the old key, and the same with other keys."""
    made: tuple[Sealing, Callable[[str], Sealing]] = request.param()
    return made


Pair = tuple[Sealing, Callable[[str], Sealing]]


def test_what_was_sealed_opens_under_its_name_alone(pair: Pair) -> None:
    sealing, _ = pair
    sealed = sealing.seal("warehouse", SECRETS)
    assert sealing.open("warehouse", sealed) == SECRETS
    assert "canary" not in sealed
    with pytest.raises(Unavailable):
        sealing.open("another", sealed)


def test_the_same_is_sealed_differently_each_time(pair: Pair) -> None:
    sealing, _ = pair
    assert sealing.seal("a", SECRETS) != sealing.seal("a", SECRETS)


def test_all_keys_open_and_the_newest_seals(pair: Pair) -> None:
    sealing, later = pair
    before = sealing.newest
    sealed = sealing.seal("a", SECRETS)
    both = later("both")
    assert both.open("a", sealed) == SECRETS
    assert both.key_of(sealed) == before != both.newest
    anew = both.seal("a", both.open("a", sealed))
    assert both.key_of(anew) == both.newest
    alone = later("new")
    assert alone.open("a", anew) == SECRETS
    assert not alone.has(before)
    with pytest.raises(Unavailable):
        alone.open("a", sealed)


@pytest.mark.parametrize("sealed", ["", "1", "1.x", "2.a.b", "1..", "nothing of ours"])
def test_what_nobody_sealed_stays_shut(pair: Pair, sealed: str) -> None:
    with pytest.raises(Unavailable):
        pair[0].open("a", sealed)


def test_what_was_changed_is_noticed() -> None:
    sealing = AesSealing(OLD)
    sealed = sealing.seal("a", SECRETS)
    for changed in (sealed[:-4], sealed[:-8] + "AAAA" + sealed[-4:], f"{sealed}!"):
        with pytest.raises(Unavailable) as caught:
            sealing.open("a", changed)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("keys", ["", " , ", "zz" * 32, "11" * 31, f"{OLD},short"])
def test_a_key_that_is_none_is_said_without_showing_it(keys: str) -> None:
    with pytest.raises(BadKey) as caught:
        AesSealing(keys)
    assert "short" not in str(caught.value)


def test_one_that_is_derived_is_for_its_purpose_alone() -> None:
    sealed = AesSealing.derived("secret", "tests").seal("a", SECRETS)
    assert AesSealing.derived("secret", "tests").open("a", sealed) == SECRETS
    for other in (AesSealing.derived("secret", "else"), AesSealing.derived("another", "tests")):
        with pytest.raises(Unavailable):
            other.open("a", sealed)
