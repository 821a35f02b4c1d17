"""Which version a name means, and which entries of an image build are refused."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.environment import (
    Kernel,
    Layer,
    Offer,
    Origin,
    Package,
    PackageChange,
    Version,
    choose,
    compare,
    default_of,
    from_registration,
    offered,
    runnable,
)
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, Refused
from nightdesk.server.domain.person import Person

from .runs import DIGEST, a_version

VERSIONS = [  # newest first, as the records list them
    a_version("r-stats", "2"),
    a_version("python-data", "2026.12.1", "next"),
    a_version("python-data", "2026.11.1", "stable"),
    a_version("python-data", "2026.10.1"),
    a_version("r-stats", "1"),
]


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        (None, "python-data:2026.11.1"),
        ("", "python-data:2026.11.1"),
        ("python-data", "python-data:2026.11.1"),
        ("python-data:2026.10.1", "python-data:2026.10.1"),
        ("python-data@stable", "python-data:2026.11.1"),
        ("python-data@next", "python-data:2026.12.1"),
        ("r-stats", "r-stats:2"),  # no stable one: the newest
        ("r-stats:1", "r-stats:1"),
    ],
)
def test_what_a_name_means(wanted: str | None, label: str) -> None:
    assert choose(VERSIONS, wanted).label == label


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        ("julia", "there is no environment 'julia'", "There is: python-data, r-stats."),
        ("r-stats:3", "'r-stats' has no version '3'", "There is: r-stats:2, r-stats:1."),
        ("r-stats@stable", "'r-stats' has no channel 'stable'", "There is: r-stats:2, r-stats:1."),
        ("python-data@2026.11.1", "'python-data' has no channel '2026.11.1'", "python-data:2026.12.1"),
        ("python data", "'python data' does not name an environment", "Write NAME, NAME:VERSION or NAME@CHANNEL."),
        ("python-data:", "'python-data:' does not name an environment", "Write NAME"),
        (":1", "':1' does not name an environment", "Write NAME"),
        ("a@b@c d", "does not name an environment", "Write NAME"),
        (DIGEST, "there is no environment 'sha256'", "There is"),  # nobody names an arbitrary image
        ("debian:trixie-slim", "there is no environment 'debian'", "There is"),
    ],
)  # fmt: skip
def test_a_name_that_means_nothing_is_told_what_there_is(wanted: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        choose(VERSIONS, wanted)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert isinstance(caught.value, Invalid if "does not name" in message else NotFound)


def test_nothing_registered() -> None:
    with pytest.raises(NotFound) as caught:
        choose([], None)
    assert caught.value.hint == "An admin registers one with `make up`."
    assert default_of([]) is None


def test_which_kernel_a_notebook_gets() -> None:
    python, other, r = Kernel("python3", "P", "python"), Kernel("py2", "P2", "python"), Kernel("ir", "R", "R")
    version = a_version("mixed", "1", kernels=(python, other, r))
    assert version.kernel_for("ir", None) is r
    assert version.kernel_for("ir", "python") is r, "a name counts more than a language"
    assert version.kernel_for("julia", "python") is None
    assert version.kernel_for(None, None) is python
    assert version.kernel_for(None, "R") is r
    assert version.kernel_for(None, "julia") is python, "of no language that is there, the first"
    assert a_version("none", "1", kernels=()).kernel_for(None, None) is None


def entry(**changes: Any) -> dict[str, Any]:
    """What an image build writes down."""
    spec = {
        "name": "python-data",
        "version": "2026.11.1",
        "title": "Data",
        "channel": "stable",
        "kernels": [{"name": "python3", "display_name": "Python 3", "language": "python"}],
    }
    spec.update(changes.pop("spec", {}))
    return {
        "spec": {key: value for key, value in spec.items() if value is not None},
        "digest": DIGEST,
        "image": "nightdesk/python-data:2026.11.1",
        "packages": [{"name": "numpy", "version": "2.3.1"}],
        **changes,
    }


def test_a_registered_version() -> None:
    version = from_registration(entry(), now=5.0)
    assert version.label == "python-data:2026.11.1"
    assert (version.digest, version.channels, version.created_at) == (DIGEST, ("stable",), 5.0)
    assert version.kernels == (Kernel("python3", "Python 3", "python"),)
    assert version.packages == (Package("numpy", "2.3.1"),)
    bare = from_registration(entry(spec={"title": None, "channel": None}, packages=[]), now=5.0)
    assert (bare.title, bare.description, bare.channels, bare.packages) == ("python-data", "", (), ())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (entry(spec={"name": "Python Data"}), "'Python Data' is no name for an environment"),
        (entry(spec={"name": None}), "'' is no name for an environment"),
        (entry(spec={"name": "x" * 64}), "is no name for an environment"),
        (entry(spec={"version": "../1"}), "'../1' is no version of 'python-data'"),
        (entry(spec={"version": None}), "'' is no version of 'python-data'"),
        (entry(digest="latest"), "python-data:2026.11.1 has no image digest"),
        (entry(digest=None), "python-data:2026.11.1 has no image digest"),
        (entry(spec={"kernels": []}), "python-data:2026.11.1 lists no kernel"),
        (entry(spec={"kernels": None}), "python-data:2026.11.1 lists no kernel"),
        (entry(spec={"kernels": [{"name": "python3"}]}), "python-data:2026.11.1"),
        (entry(spec={"kernels": "python3"}), "python-data:2026.11.1"),
        (entry(packages=[{"name": "numpy"}]), "python-data:2026.11.1"),
        (entry(spec={"channel": "latest"}), "python-data:2026.11.1 names the channel 'latest'"),
        ({}, "the entry has no 'spec'"),
        ({"spec": "python-data"}, "the entry has no 'spec'"),
    ],
)
def test_an_entry_that_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_registration(wrong, now=5.0)
    assert message in caught.value.message


# --- a life: who it is for, what is offered, what differs ---------------------------------------

DATA, STATS = Person("ada", groups=("data",)), Person("eve", groups=("stats", "data"))
ANYBODY, ROOT = Person("bob"), Person("root", admin=True)
LIVES = [  # newest first
    a_version("r-data", "3", groups=("stats",)),
    a_version("r-data", "2", "stable", groups=("stats",)),
    a_version("python-data", "4", offer=Offer.DEPRECATED),
    a_version("python-data", "3", "next"),
    a_version("python-data", "2"),
    a_version("python-data", "1", offer=Offer.REMOVED),
]


def labels(versions: list[Version]) -> list[str]:
    return [version.label for version in versions]


def test_an_environment_of_some_groups_is_for_them_and_for_admins() -> None:
    everybody = ["python-data:4", "python-data:3", "python-data:2", "python-data:1"]
    for person in (ANYBODY, DATA):
        assert labels(runnable(LIVES, person)) == everybody
    for person in (STATS, ROOT):
        assert labels(runnable(LIVES, person)) == ["r-data:3", "r-data:2", *everybody]


def test_only_what_is_offered_is_offered() -> None:
    assert labels(offered(LIVES, ANYBODY)) == ["python-data:3", "python-data:2"]
    assert labels(offered(LIVES, STATS)) == ["r-data:3", "r-data:2", "python-data:3", "python-data:2"]


def test_the_default_is_never_deprecated_or_removed() -> None:
    assert default_of(LIVES[2:]).label == "python-data:3"  # type: ignore[union-attr]
    assert default_of(LIVES).label == "r-data:2"  # type: ignore[union-attr]
    assert default_of([LIVES[2], LIVES[5]]) is None


@pytest.mark.parametrize(
    ("wanted", "label"),
    [("python-data", "python-data:3"), ("python-data:4", "python-data:4"), ("python-data@next", "python-data:3")],
)  # fmt: skip
def test_a_deprecated_version_is_what_one_gets_only_by_its_name(wanted: str, label: str) -> None:
    assert choose(runnable(LIVES, ANYBODY), wanted).label == label


def test_a_removed_version_says_so_and_what_to_do() -> None:
    with pytest.raises(Conflict) as caught:
        choose(runnable(LIVES, ANYBODY), "python-data:1")
    assert caught.value.message == "python-data:1 was removed"
    assert "nightdesk env build --again python-data:1" in (caught.value.hint or "")


def test_another_groups_environment_is_told_like_none() -> None:
    def told(versions: list[Version]) -> tuple[str, str | None]:
        with pytest.raises(NotFound) as caught:
            choose(versions, "r-data:3")
        return caught.value.message, caught.value.hint

    assert told(runnable(LIVES, ANYBODY)) == told(LIVES[2:])


def test_an_environment_of_which_nothing_is_offered() -> None:
    with pytest.raises(Conflict, match="no version of 'python-data' is on offer any more"):
        choose([LIVES[2]], "python-data")
    with pytest.raises(NotFound, match="no version is on offer"):
        choose([LIVES[2]], None)


def test_what_differs_between_two_lists_of_packages() -> None:
    before = [
        Package("numpy", "2.2"),
        Package("pandas", "2.3"),
        Package("PyYAML", "6"),
        Package("dplyr", "1", "r"),
    ]
    after = [
        Package("numpy", "2.3"),
        Package("polars", "1"),
        Package("pyyaml", "6"),
        Package("dplyr", "1", "debian"),
    ]
    assert compare(before, after) == [
        PackageChange("dplyr", "debian", None, "1"),
        PackageChange("numpy", "python", "2.2", "2.3"),
        PackageChange("pandas", "python", "2.3", None),
        PackageChange("polars", "python", None, "1"),
        PackageChange("dplyr", "r", "1", None),
    ]  # a name in other letters is the same package
    assert compare(before, before) == []


def test_a_registered_version_says_where_it_comes_from() -> None:
    version = from_registration(
        entry(
            **{"from": "folder images/python-data/2026.11.1", "built_by": "root", "build_id": "b-1"},
            recipe_sha256="9f", lock="numpy==2.3.1", layers=[{"id": "sha256:1", "bytes": 5}], size_bytes=5,
            contract=2, packages=[{"name": "dplyr", "version": "1", "kind": "r"}],
        ),
        now=5.0,
    )  # fmt: skip
    assert version.origin == Origin(
        "folder images/python-data/2026.11.1", "root", "b-1", "9f", "numpy==2.3.1"
    )
    assert (version.layers, version.size_bytes, version.contract) == ((Layer("sha256:1", 5),), 5, 2)
    assert version.packages == (Package("dplyr", "1", "r"),)
    assert "numpy==2.3.1" not in repr(version), "a lock is long"


@pytest.mark.parametrize(
    "layers", [[{"id": "sha256:1"}], [{"bytes": 1}], ["sha256:1"], [{"id": "x", "bytes": "y"}]]
)
def test_misshapen_layers_are_refused(layers: Any) -> None:
    with pytest.raises(Invalid, match="misshapen kernel, package or layer"):
        from_registration(entry(layers=layers), now=5.0)


@pytest.mark.parametrize(
    ("before", "after", "major"),
    [("2.3.3", "3.0.0", True), ("2.3.3", "2.4.0", False), ("0.13.2", "0.14.0", True), ("0.13.2", "0.13.9", False),
     ("0.9", "1.0", True), ("1:2.47.2-0.1", "1:2.48.0-1", False), ("1:2.47", "2:2.47", True), ("1!2.0", "1!3.0", True),
     ("2026.6", "2026.11", False), ("v1.2", "v2.0", True), ("unknown", "unknown-2", True), (None, "1.0", False),
     ("1.0", None, False)],
)  # fmt: skip
def test_a_change_is_major_where_the_first_number_differs(
    before: str | None, after: str | None, major: bool
) -> None:
    assert PackageChange("x", "python", before, after).major is major
