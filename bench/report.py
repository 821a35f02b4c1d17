"""The tables that `make bench` prints."""

from __future__ import annotations

from typing import Any

from .processor import SERVICES

RATIO_TARGET = 1.0
MEMORY_TARGET = 600
THROUGHPUT_TARGET = 1.2
SUBMIT_TARGET = 100
SCALE_TARGET = 1.5
MORNING_TARGET, HUB_TARGET = 0.5, 500
SWEEP_TARGET = 1  # seconds
SCHEDULES_TARGET = 10  # seconds
PIPELINES_TARGET = 0.2  # seconds a step
FIRST_BYTES_TARGET, FIRST_CELL_TARGET = 100, 500
STORE_TARGET, STORE_MEMORY_TARGET = 0.7, 200
LIVE_TARGET, PAINT_TARGET = 500, 1.5
SIZE_TARGET, CLICK_TARGET, REBUILD_TARGET = 1.0, 0.5, 0.25


def table(found: dict[str, Any]) -> str:
    """Everything that was measured, for people."""
    machine = found["machine"]
    parts = [[f"{machine['cores']} cores, engine {machine['engine']}"]]
    if "seconds" in found:
        parts.append(_race(found["seconds"], found["rounds"]))
    if "memory" in found:
        parts.append(_memory(found["memory"]))
    if "images" in found:
        parts.append(_images(found["images"]))
    if "morning" in found:
        parts.append(_morning(found["morning"]))
    if "throughput" in found:
        parts.append(_throughput(found["throughput"]))
    if "scale" in found:
        parts.append(_scale(found["scale"]))
    if "schedules" in found:
        parts.append(_schedules(found["schedules"]))
    if "sweeps" in found:
        parts.append(_sweeps(found["sweeps"]))
    if "opening" in found:
        parts.append(_opening(found["opening"]))
    if "lists" in found:
        parts.append(_lists(found["lists"]))
    if "steps" in found:
        parts.append(_steps(found["steps"]))
    if "pipelines" in found:
        parts.append(_pipelines(found["pipelines"]))
    parts += [_store(one) for one in found.get("store", [])]
    if "live" in found:
        parts.append(_live(found["live"]))
    return "\n\n".join("\n".join(lines) for lines in parts)


def _race(seconds: list[dict[str, Any]], rounds: int) -> list[str]:
    return [
        f"{'a one-line notebook, from asking to the result':<46} {'median':>8} {'min':>7} {'max':>7}   "
        f"{'to papermill':>12}  (single rounds)",
        *(_seconds(one) for one in seconds),
        f"  target: at most {RATIO_TARGET:.1f} times papermill; {rounds} rounds in turn",
    ]


def _seconds(one: dict[str, Any]) -> str:
    return (
        f"  {one['name']:<44} {one['median']:>6.2f} s {one['min']:>5.2f} s {one['max']:>5.2f} s   "
        f"{one['ratio']:>12.2f}  ({one['ratio_min']:.2f} to {one['ratio_max']:.2f})"
    )


def _memory(memory: dict[str, Any]) -> list[str]:
    return [
        f"{'memory of the services when idle':<46} {'working set':>11} {'resident':>10}",
        *(_megabytes(one["name"], one) for one in memory["services"]),
        _megabytes("all together", memory["total"]),
        f"  target: less than {MEMORY_TARGET} MB together",
    ]


def _megabytes(name: str, one: dict[str, Any]) -> str:
    return f"  {name:<44} {one['working_set']:>8.0f} MB {one['resident']:>7.0f} MB"


def _images(found: dict[str, Any]) -> list[str]:
    size, building = found["megabytes"], found["rebuilding"]
    stock, ours = found["seconds"]
    target = "target: at most"
    return [
        f"{'python-data beside a plain image of the same packages':<58} {'stock':>9} {'nightdesk':>10}   ratio",
        f"  {'size':<56} {size['stock']:>6.0f} MB {size['nightdesk']:>7.0f} MB {size['ratio']:>7.2f}   {target} {SIZE_TARGET}",
        f"  {'from the click to Lab, median of ' + str(found['rounds']) + ' rounds in turn':<56} "
        f"{stock['median']:>7.2f} s {ours['median']:>8.2f} s {ours['ratio']:>7.2f}   {target} {CLICK_TARGET} "
        f"(single rounds {ours['ratio_min']:.2f} to {ours['ratio_max']:.2f})",
        "",
        f"{'build of python-data, packages and client':<58} {'clean':>9} {'one change':>10}   ratio",
        f"  {'nothing cached, and with another version of one package':<56} {building['clean']:>7.1f} s "
        f"{building['changed']:>8.1f} s {building['ratio']:>7.2f}   {target} {REBUILD_TARGET}",
    ]


def _morning(found: dict[str, Any]) -> list[str]:
    heading = f"{found['people']} people sign in and start a server at once"
    rows = [("nightdesk", found["nightdesk"]), ("JupyterHub with DockerSpawner, stock", found["stock"])]
    return [
        f"{heading:<46} {'all ready':>10} {'half ready':>11} {'failed starts':>14} {'hub API p95':>12} {'max':>9}",
        *(
            f"  {name:<44} {one['seconds']:>8.1f} s {one['half']:>9.1f} s {one['failed']:>14} "
            f"{one['answers']['p95'] * 1000:>9.0f} ms {one['answers']['max'] * 1000:>6.0f} ms"
            for name, one in rows
        ),
        f"  {'ratio':<44} {found['ratio']:>8.2f}     target: at most {MORNING_TARGET}, no start fails, "
        f"p95 at most {HUB_TARGET} ms",
    ]


def _throughput(found: dict[str, Any]) -> list[str]:
    mine, theirs = found["nightdesk"], found["papermill"]
    submit, starts = mine["submit"], mine["starts"]
    heading = f"{mine['runs']} one-cell notebooks queued at once by {mine['people']} people"
    papermill = f"xargs -P{theirs['at_a_time']} papermill, half before and half after"
    looks = [
        ("list of runs, while they submit", mine["looks_while_submitting"], "list"),
        ("list of runs, until the last has ended", mine["looks"], "list"),
        ("page of runs, until the last has ended", mine["looks"], "list_page"),
        ("page of a run, until the last has ended", mine["looks"], "run_page"),
    ]
    return [
        f"{heading:<46} {'a minute':>10} {'CPU-seconds of the machine each':>33}",
        f"  {'nightdesk, each in a container of its own':<46} {mine['per_minute']:>8.0f} "
        f"{mine['processor_each_run']['machine']:>33.2f}",
        f"  {papermill:<46} {theirs['per_minute']:>8.0f} {theirs['machine_seconds_each']:>33.2f}",
        f"  {'ratio':<46} {found['ratio']:>8.2f}   target: at least {THROUGHPUT_TARGET}",
        "",
        f"{'milliseconds of an answer meanwhile':<46} {'median':>10} {'p95':>8} {'max':>8} {'asked':>7}",
        _answer("submit", submit)
        + f"   target: p95 at most {SUBMIT_TARGET}; {submit['per_second']:.0f} a second",
        *(_answer(name, measured[kind]) for name, measured, kind in looks if kind in measured),
        "",
        "the ten people, in seconds from the first submit of all",
        f"  first run of each started after {starts['first_start'][0]:.1f} to {starts['first_start'][1]:.1f}, "
        f"last run of each ended after {starts['last_end'][0]:.1f} to {starts['last_end'][1]:.1f}",
        "",
        f"{'CPU-milliseconds of the services':<46}" + "".join(f"{name:>9}" for name in SERVICES),
        _processor("for a submit", mine["processor_each_submit"]),
        _processor("for a run, its submit and the looks at it", mine["processor_each_run"]),
    ]


def _answer(name: str, one: dict[str, float]) -> str:
    return (
        f"  {name:<44} {one['median'] * 1000:>10.0f} {one['p95'] * 1000:>8.0f} "
        f"{one['max'] * 1000:>8.0f} {one['count']:>7.0f}"
    )


def _processor(name: str, one: dict[str, float]) -> str:
    return f"  {name:<44}" + "".join(f"{one[service] * 1000:>9.1f}" for service in SERVICES)


def _scale(found: dict[str, Any]) -> list[str]:
    few, many = f"{found['few']:,}", f"{found['many']:,}"
    return [
        f"{'milliseconds with so many finished runs':<46} {few:>10} {many:>10}   ratio",
        *(
            f"  {one['name']:<44} {one['few']['median'] * 1000:>10.1f} {one['many']['median'] * 1000:>10.1f} "
            f"{one['ratio']:>7.2f}"
            for one in found["questions"]
        ),
        f"  medians; target: at most {SCALE_TARGET} times",
    ]


def _sweeps(found: dict[str, Any]) -> list[str]:
    def line(what: str, of: dict[str, float]) -> str:
        return f"  {what:<44} {of['median'] * 1000:>10.0f} ms   at most {of['max'] * 1000:.0f} ms"

    return [
        f"a sweep of {found['runs']} runs with {found['metrics']} metrics each",
        line("checked and made", found["made"]),
        line("its page, from the web application", found["page"]),
        line("its page in a browser, half of it over", found["browser"]),
        line("the same, all of it over", found["browser_when_over"]),
        f"  target: less than {SWEEP_TARGET} s until the whole table and the chart are there",
    ]


def _opening(found: dict[str, Any]) -> list[str]:
    heading = f"milliseconds until a notebook of {found['megabytes']} MB is there"
    lines = [
        ("something of its page", "first_bytes", f"   target: at most {FIRST_BYTES_TARGET}"),
        ("the first cell", "first_cell", f"   target: at most {FIRST_CELL_TARGET}"),
        (f"all of its {found['cells']} cells", "whole", ""),
    ]
    return [
        f"{heading:<46} {'median':>10} {'p95':>8} {'max':>8} {'asked':>7}",
        *(_answer(name, found[moment]) + target for name, moment, target in lines),
        "  each time another one's page, the first time in a process that has shown none",
    ]


def _schedules(found: dict[str, Any]) -> list[str]:
    lists = found["lists_meanwhile"]
    meanwhile = (
        "" if lists is None else f"{lists['median'] * 1000:>10.0f} ms   at most {lists['max'] * 1000:.0f} ms"
    )
    return [
        f"{found['schedules']:,} schedules, {found['due']:,} of them due in the same minute",
        f"  {'until all are queued':<44} {found['seconds']:>10.1f} s",
        f"  {'the same, handed over one by one':<44} {found['one_by_one_seconds']:>10.1f} s    ratio {found['ratio']:.2f}",
        f"  {'a list of schedules meanwhile (median)':<44} {meanwhile}",
        f"  {'a look when nothing is due':<44} {found['nothing_due_seconds'] * 1000:>10.0f} ms",
        f"  target: less than {SCHEDULES_TARGET} s; on a database of its own, as a worker does it",
    ]


def _steps(found: dict[str, Any]) -> list[str]:
    added, by_hand = found["added"], found["by_hand"]
    return [
        f"a pipeline of {found['steps']} steps in a row, without containers",
        f"  {'from the end of a step to the next in the queue':<48} {added['median'] * 1000:>6.0f} ms   "
        f"at most {added['max'] * 1000:.0f} ms",
        f"  {'the same run handed over by somebody':<48} {by_hand['median'] * 1000:>6.0f} ms   "
        f"ratio {added['median'] / by_hand['median']:.2f}",
        f"  target: less than {PIPELINES_TARGET} s a step; on a database of its own, as a worker does it",
    ]


def _pipelines(found: dict[str, Any]) -> list[str]:
    between = found["between"]
    return [
        f"a pipeline of {found['steps']} steps in a row",
        f"  {'from its start to its end':<44} {found['seconds']:>10.1f} s",
        f"  {'what its runs took by themselves':<44} {found['own_seconds']:>10.1f} s",
        f"  {'so it adds to each step':<44} {found['added_each'] * 1000:>10.0f} ms",
        f"  {'from one step to the next (median)':<44} {between['median'] * 1000:>10.0f} ms   "
        f"at most {between['max'] * 1000:.0f} ms",
        f"  {'the same runs handed over one by one':<44} {found['alone_seconds']:>10.1f} s    ratio {found['ratio']:.2f}",
        f"  target: it adds less than {PIPELINES_TARGET} s to a step",
    ]


def _store(found: dict[str, Any]) -> list[str]:
    heading = f"{found['megabytes']:,} MB into and out of a {found['kind']}"
    plain = "a plain copy" if found["kind"] == "folder" else "the library alone"
    memory = ", ".join(
        f"{name} {most:.0f} MB ({found['rest'][name]:.0f} at rest)"
        for name, most in sorted(found["memory"].items())
    )
    return [
        f"{heading:<46} {'seconds':>10} {plain:>18}   its speed of that",
        *(
            f"  {words:<44} {found[kind]['seconds']:>10.1f} {found[kind]['plain']:>18.1f} {found[kind]['ratio']:>9.2f}"
            for words, kind in (
                ("end of the code until the run is over", "upload"),
                ("nightdesk download, verified", "download"),
            )
        ),
        f"  target: at least {STORE_TARGET}; memory at most: {memory}; target: less than {STORE_MEMORY_TARGET} MB each",
    ]


def _lists(found: dict[str, Any]) -> list[str]:
    few, many = found["few"], found["many"]
    return [
        f"{'milliseconds until a browser shows the list of runs':<46} {'median':>10} {'p95':>8} {'max':>8} {'asked':>7}",
        *(_answer(f"of {one['runs']:,} runs", one) for one in (few, many)),
        f"  {'ratio of the medians':<44} {found['ratio']:>10.2f}   target: at most {PAINT_TARGET} times",
    ]


def _live(found: dict[str, Any]) -> list[str]:
    return [
        f"{'milliseconds from a print until it is on the page':<46} {'median':>10} {'p95':>8} {'max':>8} {'printed':>7}",
        _answer(f"while {found['runs']} runs go on", found) + f"   target: median at most {LIVE_TARGET}",
    ]
