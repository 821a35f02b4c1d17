"""What a person may still have: sizes, cores and memory, hours of runs, room at home; refused in words.

How many runs somebody has going on is no reason to refuse one: it waits (``domain.queue``).
"""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.config import Settings
from nightdesk.sections import Size
from nightdesk.server.domain.errors import NotAllowed, NotFound, TooLarge, TooMany
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Limit
from nightdesk.server.domain.use import Month
from nightdesk.server.ports.records import Standing


@dataclass(frozen=True, slots=True)
class Takes:
    """What a run of a size takes; a size of the settings says the same."""

    name: str
    cpus: float
    memory_bytes: int


def sizes_for(person: Person, settings: Settings) -> list[Size]:
    """The sizes that are this person's to choose from, in the settings' order."""
    return [size for size in settings.sizes.values() if person.rights.may_use(size.name)]


def default_size(person: Person, settings: Settings) -> Size | None:
    """What they get who name none: the platform's, or the first that is theirs."""
    theirs = sizes_for(person, settings)
    return next(
        (size for size in theirs if size.name == settings.default_size.name), next(iter(theirs), None)
    )


def size_for(person: Person, settings: Settings, wanted: str | None) -> Size:
    """The size of this name, or their default.

    Raises:
        NotFound: there is no such size.
        NotAllowed: it is not for this person.
    """
    theirs = ", ".join(size.name for size in sizes_for(person, settings))
    size = default_size(person, settings) if wanted is None else settings.sizes.get(wanted)
    if size is None and wanted is not None:
        raise NotFound(f"there is no size '{wanted[:40]}'", f"There is: {theirs}.", field="size")
    if size is None or not person.rights.may_use(size.name):
        raise NotAllowed(
            f"the size '{size.name}' is not for {person.name}" if size else f"no size is for {person.name}",
            f"Choose one of: {theirs}."
            if theirs
            else "Ask an admin: what your groups may use is not in the settings.",
            field="size",
        )
    return size


def check_limits(person: Person, takes: Takes | Size, standing: Standing) -> None:
    """Raise where the person may not hand over such a run.

    Raises:
        NotAllowed: no run at all is theirs, or it takes more than they may ever have.
        TooLarge: their home holds more than it may.
        TooMany: their hours of this month are used.
    """
    limits, name = person.rights.limits, person.name
    if limits.get(Limit.RUNS) == 0:
        raise NotAllowed(f"{name} may have no runs", "Ask an admin for a higher limit.")
    if not person.rights.may_use(takes.name):
        raise NotAllowed(f"the size '{takes.name}' is not for {name}", "Submit it anew in a size that is.")
    if takes.cpus > limits.get(Limit.CPUS, takes.cpus):
        raise NotAllowed(
            f"size '{takes.name}' has {takes.cpus:g} cores; {name} may have {limits[Limit.CPUS]:g} at a time",
            "Choose a smaller size, or ask an admin for a higher limit.",
        )
    if takes.memory_bytes > limits.get(Limit.MEMORY, takes.memory_bytes):
        raise NotAllowed(
            f"size '{takes.name}' has {human_bytes(takes.memory_bytes)} of memory; "
            f"{name} may have {human_bytes(int(limits[Limit.MEMORY]))} at a time",
            "Choose a smaller size, or ask an admin for a higher limit.",
        )
    _check_home(person, standing)
    _check_hours(person, standing)


def _check_home(person: Person, standing: Standing) -> None:
    most, has = person.rights.limits.get(Limit.HOME), standing.home_bytes
    if most is not None and has is not None and has > most:
        raise TooLarge(
            f"the home of {person.name} holds {human_bytes(has)}; its limit is {human_bytes(int(most))}",
            "Delete there what is not needed any more: it is measured again when a session ends.",
        )


def _check_hours(person: Person, standing: Standing) -> None:
    most = person.rights.limits.get(Limit.RUN_HOURS)
    if most is not None and standing.run_seconds >= most * 3600:
        month = Month.of(standing.now)
        raise TooMany(
            f"{person.name} has used {standing.run_seconds / 3600:.1f} of {most:g} hours of runs in {month.words}",
            f"There are new ones from {month.next}-01 on (UTC); an admin can give more.",
        )
