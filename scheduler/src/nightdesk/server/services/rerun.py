"""Running a run again: what it was handed over with, in today's version or in exactly its own."""

from __future__ import annotations

import re
from contextlib import ExitStack

from nightdesk.config import Settings
from nightdesk.server.domain.environment import Offer, Version, check_there, default_of, runnable
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Priority, Run, anew, new_id
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.services.allowance import Takes, check_limits
from nightdesk.server.services.inputs import SOURCE, add_with_inputs, inputs_there, open_input
from nightdesk.server.services.sources import check_still_sees
from nightdesk.server.services.submit import check_waiting

_NOT_OFFERED = " is not on offer any more: this runs in "
_AGAIN = re.compile(r"(.+)-again\.(\d+)")


def retry(
    records: Records, store: FileStore, settings: Settings, person: Person, run: Run, exact: bool = False
) -> Run:
    """The same file, parameters, limits and files again, as a new run of the person who asks.

    Args:
        records: the database.
        store: where large inputs are.
        settings: the platform's.
        person: who asks; they may see ``run``.
        run: the run to do again.
        exact: in the image of the recorded digest, else in the version of that name, or, where that is not
            on offer any more, in the environment's default.

    Raises:
        NotFound: its inputs are gone, or the environment is not for this person any more.
        Conflict: its version was removed and was not built again.
        TooMany: as many runs of this person wait as may, or their month's hours are used.
        NotAllowed, TooLarge: its size, or what it takes, is more than this person may have.
    """
    standing = records.standing(person.name, run.name, person.rights.limits)
    check_waiting(standing, settings, person.name)
    check_limits(person, Takes(run.size, run.cpus, run.memory_bytes), standing)
    check_still_sees(records, person, run)
    version, note = _version(standing.versions, person, run, exact)
    again = anew(
        run,
        id=new_id(),
        owner=person.name,
        submitted_by=person.name,
        groups=person.groups,
        environment=version.environment,
        version=version.version,
        digest=version.digest,
        priority=run.priority if person.admin or run.priority is not Priority.URGENT else Priority.HIGH,
        notes=(*_kept_notes(run), f"Runs {run.id} again{', exactly' if exact else ''}.", *note),
        created_at=standing.now,
        expected_seconds=standing.expected_seconds,
        # Of whoever made the sweep it is the same place of it; of others a run like any.
        **({"sweep_id": run.sweep_id, "sweep_place": run.sweep_place} if run.owner == person.name else {}),
    )
    there = inputs_there(records, store, run.id)
    if SOURCE not in there:
        raise NotFound(f"the inputs of run {run.id} are not there any more", "Submit the file anew.")
    if again.sweep_id is not None:
        return add_with_inputs(records, store, again, {})[0]  # the sweep has them
    with ExitStack() as opened:
        inputs = {name: opened.enter_context(open_input(records, store, run.id, name)) for name in there}
        return add_with_inputs(records, store, again, inputs)[0]


def again_of(label: str, rebuilt: str) -> int:
    """Which rebuild of ``label`` this version is; 0 for none. Rebuilds are called ``VERSION-again.N``."""
    found = _AGAIN.fullmatch(rebuilt)
    return int(found[2]) if found and found[1] == label else 0


def _version(
    versions: list[Version], person: Person, run: Run, exact: bool
) -> tuple[Version, tuple[str, ...]]:
    """The version to run in, and what is to be said about it."""
    mine = [version for version in runnable(versions, person) if version.environment == run.environment]
    if not mine:
        raise NotFound(
            f"there is no environment '{run.environment}' for you", "List them: `nightdesk env list`."
        )
    same = min(
        (version for version in mine if version.digest == run.digest),
        key=lambda version: (version.offer is Offer.REMOVED, version.version != run.version),
        default=None,
    )  # an image may have several names
    if exact:
        if same is None:
            raise Conflict(
                f"the image of {run.environment}:{run.version} ({run.digest[:19]}) is not on record any more",
                "Run it without --exact.",
            )
        if same.offer is not Offer.REMOVED:
            return same, ()
        rebuilt = [version for version in mine if again_of(same.version, version.version)]
        rebuilt = [version for version in rebuilt if version.offer is not Offer.REMOVED]
        if not rebuilt:
            check_there(same)
        newest = max(rebuilt, key=lambda version: again_of(same.version, version.version))
        return newest, (
            f"The image of {same.label} ({same.digest[:19]}) is gone: this runs in {newest.label}, "
            "built again from its recorded lock.",
        )
    if same is not None and same.offer is Offer.OFFERED:
        return same, ()
    other = default_of(mine)
    if other is None:
        raise Conflict(f"no version of '{run.environment}' is on offer any more", "Run it with --exact.")
    return other, (f"{run.environment}:{run.version}{_NOT_OFFERED}{other.label}.",)


def _kept_notes(run: Run) -> tuple[str, ...]:
    """What was said about the file itself; what an earlier repetition said is not true of this one."""
    return tuple(
        note
        for note in run.notes
        if not note.startswith(("Runs ", "The image of ")) and _NOT_OFFERED not in note
    )
