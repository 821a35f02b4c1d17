"""The table that `make bench` prints."""

from __future__ import annotations

from typing import Any

RATIO_TARGET = 1.0
MEMORY_TARGET = 600


def table(found: dict[str, Any]) -> str:
    """Everything that was measured, for people."""
    machine = found["machine"]
    lines = [
        f"{machine['cores']} cores, engine {machine['engine']}, {found['rounds']} rounds in turn",
        "",
        f"{'a one-line notebook, from asking to the result':<46} {'median':>8} {'min':>7} {'max':>7}   "
        f"{'to papermill':>12}  (single rounds)",
    ]
    lines += [_seconds(one) for one in found["seconds"]]
    lines.append(f"  target: at most {RATIO_TARGET:.1f} times papermill")
    if "memory" in found:
        lines += ["", f"{'memory of the services when idle':<46} {'working set':>11} {'resident':>10}"]
        lines += [_megabytes(one["name"], one) for one in found["memory"]["services"]]
        lines.append(_megabytes("all together", found["memory"]["total"]))
        lines.append(f"  target: less than {MEMORY_TARGET} MB together")
    return "\n".join(lines)


def _seconds(one: dict[str, Any]) -> str:
    return (
        f"  {one['name']:<44} {one['median']:>6.2f} s {one['min']:>5.2f} s {one['max']:>5.2f} s   "
        f"{one['ratio']:>12.2f}  ({one['ratio_min']:.2f} to {one['ratio_max']:.2f})"
    )


def _megabytes(name: str, one: dict[str, Any]) -> str:
    return f"  {name:<44} {one['working_set']:>8.0f} MB {one['resident']:>7.0f} MB"
