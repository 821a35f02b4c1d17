"""The images of versions on the machine: held, and gone with their version."""

from __future__ import annotations

import yaml
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.person import Person
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.services.environments import remove
from nightdesk.server.services.images import hold, look_after, take_away

from .yard import OWN, SPEC, Yard


def test_images_of_removed_versions_go_and_only_those(yard: Yard) -> None:
    yard.build("folder", OWN)
    other = {**OWN, "environment.yaml": yaml.safe_dump({**SPEC, "version": "2026.2"})}
    yard.build("folder", other)
    first, second = yard.records.version("stats", "2026.1"), yard.records.version("stats", "2026.2")
    assert first is not None
    assert second is not None
    assert take_away(yard.parts) == []
    yard.records.set_offer("stats", "2026.1", Offer.REMOVED, "root")
    yard.workshop.in_use.add(first.digest)
    assert take_away(yard.parts) == []
    yard.workshop.in_use.clear()
    assert take_away(yard.parts) == ["stats:2026.1"]
    assert set(yard.workshop.images) == {second.digest}
    assert take_away(yard.parts) == []


def test_a_removed_versions_image_goes_at_the_next_look(yard: Yard) -> None:
    yard.build("folder", OWN)
    yard.build("folder", {**OWN, "environment.yaml": yaml.safe_dump({**SPEC, "version": "2026.2"})})
    look_after(yard.parts)
    yard.records.set_offer("stats", "2026.1", Offer.REMOVED, "root")
    look_after(yard.parts)
    assert len(yard.workshop.images) == 2, "nobody has wished for a look before its time"
    remove(yard.records, MemoryPeople({}), Person("root", admin=True), "stats", "2026.2")
    look_after(yard.parts)
    assert not yard.workshop.images


def test_the_image_of_a_removed_version_that_another_one_has_stays(yard: Yard) -> None:
    image = yard.workshop.add("theirs", "theirs:1")
    yard.build("image", source="theirs:1", environment="theirs", version="1")
    yard.build("image", source="theirs:1", environment="ours", version="1")
    yard.records.set_offer("theirs", "1", Offer.REMOVED, "root")
    assert take_away(yard.parts) == []
    yard.records.set_offer("ours", "1", Offer.REMOVED, "root")
    take_away(yard.parts)
    assert yard.workshop.images[image] == {"theirs:1"}, "what somebody else named stays"


def test_images_on_record_are_held(yard: Yard) -> None:
    yard.build("folder", OWN)
    (image,) = yard.workshop.images
    yard.workshop.images[image].clear()
    hold(yard.parts)
    assert yard.workshop.images[image] == {"nightdesk/held:memory"}
