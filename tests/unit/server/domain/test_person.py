"""Who sees what, and for whom one submits."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.errors import Invalid, NotAllowed, NotFound
from nightdesk.server.domain.person import Person, check_sees, may_see, owner_for

from .runs import a_run

ADA, BOB, ROOT = Person("ada"), Person("bob", groups=("ada",)), Person("root", admin=True)


def test_own_runs_are_seen_and_an_admin_sees_all() -> None:
    run = a_run(owner="ada", submitted_by="root")
    assert may_see(ADA, run)
    assert may_see(ROOT, run)
    assert not may_see(BOB, run), "a group of her name is not she"
    assert not may_see(Person("Ada"), run)


def test_what_is_not_yours_is_told_like_what_does_not_exist() -> None:
    run = a_run(owner="ada")
    assert check_sees(ADA, run, run.id) is run
    with pytest.raises(NotFound) as others:
        check_sees(BOB, run, run.id)
    with pytest.raises(NotFound) as nobodys:
        check_sees(BOB, None, run.id)
    assert (others.value.message, others.value.hint) == (nobodys.value.message, nobodys.value.hint)


def test_a_hostile_id_is_not_repeated_at_length() -> None:
    with pytest.raises(NotFound) as caught:
        check_sees(ADA, None, "x" * 10_000)
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(("person", "wanted", "owner"), [
    (ADA, None, "ada"), (ADA, "ada", "ada"), (ROOT, None, "root"), (ROOT, "ada", "ada"),
])  # fmt: skip
def test_whose_run_it_becomes(person: Person, wanted: str | None, owner: str) -> None:
    assert owner_for(person, wanted) == owner


def test_only_admins_submit_for_others() -> None:
    with pytest.raises(NotAllowed, match="only admins submit for somebody else"):
        owner_for(BOB, "ada")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 300, "\x00"])
def test_nobody_is_called_that(name: str) -> None:
    with pytest.raises(Invalid):
        owner_for(ROOT, name)
