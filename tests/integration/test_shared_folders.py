"""Folders that groups share, from inside sessions and runs: who writes, who reads, who sees nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person, Session, call_hub, join
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform

LOOK = """
import json, os, pathlib
seen = {}
for folder in sorted(pathlib.Path("/shared").iterdir()):
    try:
        (folder / TRY).write_text("x")
        seen[folder.name] = "write"
    except OSError as error:
        seen[folder.name] = os.strerror(error.errno)
print("SEEN" + json.dumps(seen))
"""


def group(platform: Platform, name: str, *members: str) -> None:
    call_hub(platform, platform.admin_token, "POST", f"/groups/{name}")
    answer = call_hub(
        platform, platform.admin_token, "POST", f"/groups/{name}/users", {"users": list(members)}
    )
    assert answer.status_code == 200, answer.text


def seen(text: str) -> Any:
    return json.loads(text.split("SEEN", 1)[1].splitlines()[0])


def source(name: str) -> str:
    return LOOK.replace("TRY", repr(name))


@pytest.fixture(scope="module")
def people(platform: Platform) -> Iterator[dict[str, Person]]:
    """One who writes, another one, one who reads, and one of no group; each with a session."""
    made = {name: join(platform, name) for name in ("wanda", "willi", "rolf", "nora")}
    group(platform, "research", "wanda", "willi")
    group(platform, "pupils", "rolf")
    group(platform, "finance", "willi")
    yield made
    for name in made:
        call_hub(platform, platform.setup_token, "DELETE", f"/nightdesk/people/{name}")


def session(person: Person) -> Session:
    return person.session(environment="python-data", size="tiny")


READ_ONLY = "Read-only file system"


def test_a_session_has_the_folders_of_its_owners_groups(people: dict[str, Person]) -> None:
    found = {
        name: seen(session(person).do("python3", "-c", source(f"{name}.txt")))
        for name, person in people.items()
    }
    assert found == {
        "wanda": {"models": "write", "team": "write"},
        "willi": {"ledger": "write", "models": "write", "team": "write"},
        "rolf": {"models": READ_ONLY, "team": "write"},
        "nora": {"team": "write"},
    }
    with pytest.raises(AssertionError, match="Permission denied"):
        session(people["nora"]).do("touch", "/shared/stray.txt")


def test_a_run_has_them_too_to_read_unless_the_folder_says_otherwise(people: dict[str, Person]) -> None:
    for name, expected in {
        "willi": {"ledger": "write", "models": READ_ONLY, "team": READ_ONLY},
        "rolf": {"models": READ_ONLY, "team": READ_ONLY},
        "nora": {"team": READ_ONLY},
    }.items():
        runs = people[name].runs
        run = runs.end(runs.submit(notebook(source(f"run-of-{name}.txt")))["id"], 120)
        assert run["status"] == "succeeded", run
        assert seen(printed(runs.output(run["id"], "notebook.ipynb"))) == expected


def test_what_one_writes_another_edits_and_a_reader_only_reads(
    platform: Platform, people: dict[str, Person]
) -> None:
    wanda, willi, rolf = (session(people[name]) for name in ("wanda", "willi", "rolf"))
    wanda.do("sh", "-c", "umask 077; mkdir -p /shared/models/v1; echo one >/shared/models/v1/weights.txt")
    willi.do("sh", "-c", "echo two >>/shared/models/v1/weights.txt; echo hers >/shared/models/v1/notes.txt")
    assert rolf.do("cat", "/shared/models/v1/weights.txt") == "one\ntwo\n"
    listed = docker(
        "exec", platform.service("worker"), "stat", "-c", "%u %g %A", "/folders/models", "/folders/models/v1",
        "/folders/models/v1/weights.txt",
    ).splitlines()  # fmt: skip
    gid = listed[0].split()[1]
    assert int(gid) >= 20_000
    assert listed == [f"0 {gid} drwxrws---", f"1000 {gid} drwxrws---", f"1000 {gid} -rw-rw----"]
    for trick in (
        "echo x >>/shared/models/v1/weights.txt",
        "chmod 777 /shared/models/v1/weights.txt",
        "rm /shared/models/v1/weights.txt",
        "ln /shared/models/v1/weights.txt /shared/models/v1/link",
        "mount -o remount,rw /shared/models",
        "python3 -c \"import os; os.open('/proc/self/root/shared/models/v1/weights.txt', os.O_RDWR)\"",
    ):
        with pytest.raises(AssertionError):
            rolf.do("sh", "-c", trick)
    assert rolf.do("cat", "/shared/models/v1/weights.txt") == "one\ntwo\n"


def test_links_lead_nowhere_that_one_is_not_in(people: dict[str, Person]) -> None:
    wanda, willi = session(people["wanda"]), session(people["willi"])
    willi.do("sh", "-c", "echo secret >/shared/ledger/books.txt")
    willi.do(
        "sh",
        "-c",
        "ln -sfn ../ledger /shared/models/up; ln -sfn /shared/ledger/books.txt /shared/models/books",
    )
    wanda.do("sh", "-c", "ln -sfn /folders/ledger /shared/models/host")
    assert willi.do("cat", "/shared/models/books") == "secret\n", "his own mounts"
    for path in ("up/books.txt", "books", "host/books.txt", "../ledger/books.txt"):
        with pytest.raises(AssertionError, match="No such file"):
            wanda.do("cat", f"/shared/models/{path}")


def test_a_run_that_waits_while_its_owner_leaves_the_group_does_not_get_the_folder(
    platform: Platform, people: dict[str, Person]
) -> None:
    rolf = people["rolf"]
    held = [rolf.runs.hold() for _ in range(4)]  # as many as there are slots; his next one comes after them
    waiting = rolf.runs.submit(notebook(source("late.txt")))["id"]
    assert rolf.runs.show(waiting)["status"] == "queued"
    answer = call_hub(platform, platform.admin_token, "DELETE", "/groups/pupils/users", {"users": ["rolf"]})
    assert answer.status_code == 200, answer.text
    for each in held:
        each.open_gate()
    run = rolf.runs.end(waiting, 120)
    assert seen(printed(rolf.runs.output(run["id"], "notebook.ipynb"))) == {"team": READ_ONLY}
    for each in held:
        rolf.runs.end(each.id)


def test_leaving_a_group_ends_the_session_that_has_its_folder_and_no_other(
    platform: Platform, people: dict[str, Person]
) -> None:
    willi, wanda = people["willi"], people["wanda"]
    session(willi), session(wanda)
    answer = call_hub(platform, platform.admin_token, "DELETE", "/groups/finance/users", {"users": ["willi"]})
    assert answer.status_code == 200, answer.text
    until(lambda: not willi.server_ready(), "the end of his session", 40)
    assert wanda.running_session() is not None
    again = seen(session(willi).do("python3", "-c", source("again.txt")))
    assert again == {"models": "write", "team": "write"}
