"""Seeing a build through: from what an admin handed over to a version on record that was tried."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightdesk.preflight.pack import packed
from nightdesk.server.domain.build import Build, BuildKind, BuildStatus
from nightdesk.server.domain.environment import Offer, Package, Version, compare, from_registration
from nightdesk.server.domain.errors import EngineError, FenceLost, NightdeskError
from nightdesk.server.ports.builder import ImageSeen, Interrupted, Order
from nightdesk.server.services.build_watch import BuildParts, BuildWatch
from nightdesk.server.services.recipes import Recipe, keep, lay_out

_SHOWN_CHANGES = 20
_MOST_LAYERS = 24  # above the base: a version adds some four
_log = logging.getLogger(__name__)


def see_through(parts: BuildParts, watch: BuildWatch) -> None:
    """Build until the end, whichever it is: it is on record afterwards. Never raises."""
    build_id = watch.build.id
    room = parts.scratch / ".builds"
    try:
        room.mkdir(exist_ok=True)
        shutil.rmtree(room / build_id, ignore_errors=True)  # of a worker that was killed
        (room / build_id).mkdir()
        parts.workshop.forget(build_id)
        _build(parts, watch, room / build_id)
    except FenceLost:
        _log.warning("build %s is another worker's now", build_id)
    except Interrupted:
        _interrupted(parts, watch)
    except NightdeskError as error:
        _log.info("build %s failed: %s", build_id, error.message)
        _fail(watch, error)
    except Exception as error:  # noqa: BLE001 - the thread's edge: it is on record, and the worker goes on
        _log.exception("build %s: unexpected", build_id)
        words = (
            f"The platform itself failed: {type(error).__name__}: {error}. Please tell your administrator."
        )
        _fail(watch, NightdeskError(words))
    finally:
        parts.workshop.forget(build_id)
        shutil.rmtree(room / build_id, ignore_errors=True)


def _build(parts: BuildParts, watch: BuildWatch, folder: Path) -> None:
    (folder / "recipe").mkdir()
    recipe = _known_name(watch, lay_out(parts, watch, folder / "recipe"))
    name, version = recipe.spec["name"], recipe.spec["version"]
    watch.line(f"Building {name}:{version} from {recipe.source}.")
    image = _make(parts, watch, recipe)
    watch.change(status=BuildStatus.TESTING)
    watch.line("")
    watch.line("Trying it as a session and as a run.")
    kit = packed(recipe.spec, recipe.smoke, _hub_version(parts.sources))
    report = parts.workshop.try_out(image.id, watch.build.id, kit, watch.say, watch.stop)
    _check_stop(watch)
    made = _registered(parts, watch, recipe, image, report)
    words = f"{made.label} is there: {image.bytes / 1e6:.0f} MB, {made.digest[:19]}."
    watch.line(words)
    watch.end(BuildStatus.SUCCEEDED, None, digest=image.id)
    parts.workshop.look_through(made.image, watch.stop)


def _known_name(watch: BuildWatch, recipe: Recipe) -> Recipe:
    """Put name and version on record, where the recipe itself says them.

    Raises:
        Conflict: they are taken.
    """
    build = watch.build
    names = {"environment": str(recipe.spec["name"]), "version": str(recipe.spec["version"])}
    changes = {key: value for key, value in names.items() if getattr(build, key) != value}
    if changes:
        watch.change(**changes)
    return recipe


def _make(parts: BuildParts, watch: BuildWatch, recipe: Recipe) -> ImageSeen:
    source = watch.build.source
    if recipe.folder is None:
        seen = parts.workshop.look(source)
        if seen is None:
            watch.line(f"{source} is not on this machine: asking its registry.")
            parts.workshop.pull(source, watch.say, watch.stop)
            seen = parts.workshop.look(source)
    else:
        labels = {
            "org.nightdesk.environment": recipe.spec["name"],
            "org.nightdesk.version": recipe.spec["version"],
            "org.nightdesk.build": watch.build.id,
        }
        earlier = _earlier(parts, watch.build, recipe)
        order = Order(recipe.folder, watch.build.id, labels, {"EARLIER": earlier} if earlier else {})
        made = parts.workshop.make(order, watch.say, watch.stop)
        seen = parts.workshop.look(made)
    if seen is None:
        raise EngineError("the image is gone again: something else removes images on this machine")
    return seen


def _earlier(parts: BuildParts, build: Build, recipe: Recipe) -> str | None:
    """The image of an earlier version, whose packages need not be installed once more: of the same environment, or of
    another one with the very same lock.

    It has to stand on the base of today, and not on a pile of other versions: an image has room for 127 layers,
    and what one version removes of another one's packages stays on the disk below it. What is built again
    from its lock stands on the base alone, as it did.
    """
    base = parts.workshop.base()
    if build.kind is BuildKind.AGAIN or base is None:
        return None
    name, locked = recipe.spec["name"], recipe.locked
    below = [layer.id for layer in base.layers]
    fitting = [
        version
        for version, layers in parts.records.layers()
        if (version.environment == name or _has_lock(parts, version, locked))
        and [layer.id for layer in layers[: len(below)]] == below
        and len(layers) <= len(below) + _MOST_LAYERS
    ]
    newest = max(
        fitting, key=lambda version: (_has_lock(parts, version, locked), version.created_at), default=None
    )
    return parts.workshop.held_as(newest.digest) if newest is not None else None


def _has_lock(parts: BuildParts, version: Version, locked: str) -> bool:
    known = parts.records.version(version.environment, version.version) if locked else None
    return known is not None and known.origin.lock == locked


def _registered(
    parts: BuildParts, watch: BuildWatch, recipe: Recipe, image: ImageSeen, report: dict[str, Any]
) -> Version:
    """Name the image and put the version on record; what it was made of is in the store before."""
    build, spec = watch.build, recipe.spec
    lock = str(report.get("lock") or "")
    keep(parts.store, recipe)
    entry = {
        "image": f"nightdesk/{spec['name']}:{spec['version']}",
        "digest": image.id,
        "spec": {**spec, "kernels": report["kernels"]},
        "packages": report["packages"],
        "from": recipe.source,
        "built_by": build.requested_by,
        "build_id": build.id,
        "recipe_sha256": recipe.sha256,
        "lock": lock,
        "layers": [{"id": layer.id, "bytes": layer.bytes} for layer in image.layers],
        "size_bytes": image.bytes,
        "contract": report["contract"],
    }
    version = from_registration(entry, parts.records.now())
    if build.kind is BuildKind.AGAIN:
        version = replace(version, offer=Offer.DEPRECATED)  # it is there for what names it
        _tell_differences(parts, watch, version.packages)
    parts.workshop.name(image.id, version.environment, version.version)
    parts.records.add_version(version)
    return version


def _tell_differences(parts: BuildParts, watch: BuildWatch, now: tuple[Package, ...]) -> None:
    """Say what is not as it was: Debian's packages have no lock, and the base may be another."""
    name, _, label = watch.build.source.partition(":")
    before = parts.records.version(name, label)
    changes = compare(before.packages, now) if before is not None and before.packages else []
    kinds = {package.kind for package in before.packages} if before is not None else set()
    changes = [change for change in changes if change.kind in kinds]
    if not changes:
        watch.line(f"Its packages are those of {watch.build.source}.")
        return
    watch.line(f"{len(changes)} packages differ from those of {watch.build.source}:")
    for change in changes[:_SHOWN_CHANGES]:
        watch.line(
            f"  {change.kind} {change.name}: {change.before or 'none'} then, {change.after or 'none'} now"
        )


def _interrupted(parts: BuildParts, watch: BuildWatch) -> None:
    """Somebody wished the build to end, or this worker does."""
    known = parts.records.build(watch.build.id)
    try:
        if known is not None and known.cancel_requested_at is not None:
            watch.line("Cancelled.")
            watch.end(BuildStatus.CANCELLED, f"Cancelled by {known.cancelled_by}.")
        elif watch.leaving:
            watch.line("The worker ends; another one begins anew.")
            watch.flush()
            watch.change(status=BuildStatus.QUEUED, worker=None, tries=max(0, watch.build.tries - 1))
    except FenceLost:
        _log.info("build %s is another worker's now", watch.build.id)


def _fail(watch: BuildWatch, error: NightdeskError) -> None:
    reason = error.message if error.hint is None else f"{error.message}. {error.hint}"
    if reason.split()[0].isalpha():  # and not the name of a version
        reason = reason[:1].upper() + reason[1:]
    watch.line("")
    watch.line(reason)
    try:
        watch.end(BuildStatus.FAILED, reason)
    except FenceLost:
        _log.info("build %s is another worker's now", watch.build.id)


def _check_stop(watch: BuildWatch) -> None:
    if watch.stop.is_set():
        raise Interrupted


def _hub_version(sources: Path) -> str:
    """Of JupyterHub, as the base has it locked: the hub has the same."""
    try:
        lines = (sources / "images/base/requirements.txt").read_text("utf-8").splitlines()
    except OSError:
        return ""
    pins = (line.split()[0].partition("==") for line in lines if line.startswith("jupyterhub=="))
    return next((version for _, _, version in pins), "")
