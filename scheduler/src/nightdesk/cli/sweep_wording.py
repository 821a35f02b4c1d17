"""How sweeps are said."""

from __future__ import annotations

from nightdesk.cli.table import show_facts, show_table
from nightdesk.cli.terminal import plain
from nightdesk.cli.wording import duration, status_words, when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from nightdesk.client.sweep_answers import Sweep, SweepMember, SweepPreview

_SHOWN = 40  # characters of a value


def show_preview(preview: SweepPreview) -> None:
    """What would be made."""
    print(summed(preview["said"], preview["at_most"], preview["environment"]))
    for place, point in enumerate(preview["points"], 1):
        print(f"  {place:>4}  {values(point)}")
    rest = preview["count"] - len(preview["points"])
    if rest > 0:
        print(f"        and {rest} more")


def summed(said: str, at_most: int | None, version: Mapping[str, Any]) -> str:
    """`lr (2) x depth (2): 4 runs in python-data:2026.11.1, at most 2 at once`."""
    together = "" if at_most is None else f", at most {at_most} at once"
    return f"{plain(said)} in {plain(version['name'])}:{plain(version['version'])}{together}"


def values(point: Mapping[str, Any]) -> str:
    """`lr=0.1 depth=2`."""
    return " ".join(f"{plain(name)}={_value(value)}" for name, value in point.items())


def show_list(found: Sequence[Sweep], *, owners: bool) -> None:
    """One a line."""
    if not found:
        print("no sweeps; make one: nightdesk sweep run FILE --grid NAME=VALUE,VALUE")
        return
    rows = [
        [
            each["id"],
            each["name"],
            *([each["owner"]] if owners else []),
            str(each["count"]),
            counts(each["counts"]),
            when(each["created_at"]),
        ]
        for each in found
    ]
    show_table(("SWEEP", "NAME", *(("OWNER",) if owners else ()), "RUNS", "STATUS", "MADE"), rows)


def show_sweep(found: Sweep, sort: str | None = None) -> None:
    """All of one, with its table."""
    best, stopped = best_of(found), found["stopped"]
    print(f"sweep {found['id']}: {plain(found['name'])}, {found['url']}")
    show_facts(
        [
            ("runs", summed(found["said"], found["at_most"], found["environment"])),
            ("owner", plain(found["owner"])),
            ("status", counts(found["counts"])),
            ("same for all", values(found.get("fixed", {}))),
            ("stopped", f"by {plain(stopped['by'])}, {when(stopped['at'])}" if stopped else ""),
            ("best", "" if best is None else said_best(found, best)),
        ]
    )
    show_members(found, sort)


def show_members(found: Sweep, sort: str | None = None) -> None:
    """A set of parameters a line; the best one has a star."""
    names, metrics, best = found["varied"], found.get("metrics", []), found.get("best")
    rows = [
        [
            f"{each['place']}{' *' if each['place'] == best else ''}",
            *(_value(each["parameters"][name]) if name in each["parameters"] else "-" for name in names),
            status_words(each["status"]),
            *(number(each["metrics"].get(name)) for name in metrics),
            "-" if each["took_seconds"] is None else duration(each["took_seconds"]),
            each["run"],
        ]
        for each in ordered(found, sort)
    ]
    show_table(("#", *names, "STATUS", *metrics, "TOOK", "RUN"), rows)


def ordered(found: Sweep, sort: str | None) -> list[SweepMember]:
    """By a metric or a parameter, `-NAME` the other way round; those without it last."""
    members = list(found.get("members", []))
    if sort is None:
        return members
    name, backwards = sort.removeprefix("-"), sort.startswith("-")

    def of(member: SweepMember) -> Any:
        return member["metrics"].get(name, member["parameters"].get(name))

    there = [each for each in members if of(each) is not None]
    numbers = all(isinstance(of(each), int | float) for each in there)
    there.sort(key=lambda each: of(each) if numbers else str(of(each)), reverse=backwards)
    return there + [each for each in members if of(each) is None]


def best_of(found: Sweep) -> SweepMember | None:
    """The best member, if there is one."""
    return next((each for each in found.get("members", []) if each["place"] == found.get("best")), None)


def said_best(found: Sweep, best: SweepMember) -> str:
    """`accuracy 0.93 (max): lr=0.1 depth=4, run k7m2x9qh4tfd`."""
    metric = found["metric"] or ""
    value = number(best["metrics"].get(metric))
    return f"{plain(metric)} {value} ({found['goal']}): {values(best['parameters'])}, run {best['run']}"


def counts(of: Mapping[str, int]) -> str:
    """`3 queued, 1 running`."""
    return ", ".join(f"{count} {status_words(status)}" for status, count in of.items()) or "-"


def number(value: float | None) -> str:
    """As tables have it."""
    return "-" if value is None else f"{value:.6g}"


def _value(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = plain(text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
