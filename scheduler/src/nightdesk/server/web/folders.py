"""Outputs as a tree: folders are what stands before the slashes of names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_MOST = 1000  # files that a page shows; the others are in the list of the API


@dataclass(slots=True)
class Folder:
    """Folders and files in it, with what all files below it come to. ``left_out`` is of the whole tree."""

    name: str = ""
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    size: int = 0
    left_out: int = 0


def folders_of(outputs: list[dict[str, Any]]) -> Folder:
    """The tree of outputs as the API has them."""
    root = Folder(left_out=max(len(outputs) - _MOST, 0))
    for output in outputs[:_MOST]:
        *parts, last = output["name"].split("/")
        place = root
        for folder in [root, *([] if not parts else _below(root, parts))]:
            folder.count += 1
            folder.size += output["size"]
            place = folder
        place.files.append(output | {"last": last})
    return root


def _below(root: Folder, parts: list[str]) -> list[Folder]:
    """The folders on the way, made where they are missing."""
    way = []
    for part in parts:
        root = root.folders.setdefault(part, Folder(part))
        way.append(root)
    return way
