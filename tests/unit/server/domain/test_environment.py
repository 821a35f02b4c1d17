"""Which version a name means, and which entries of an image build are refused."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.environment import Kernel, Package, choose, default_of, from_registration
from nightdesk.server.domain.errors import Invalid, NotFound, Refused

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
