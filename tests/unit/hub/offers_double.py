"""What the api offers in these tests. Imports nothing, so that the hub under test can use it too."""

from __future__ import annotations

from typing import Any

OLD = "sha256:" + "1" * 64
NEW = "sha256:" + "2" * 64
R = "sha256:" + "3" * 64


def offers_answer() -> dict[str, Any]:
    """Two environments, one with two versions, and two sizes."""
    python3 = {"name": "python3", "display_name": "Python 3", "language": "python"}
    new = {
        "version": "2026.11.1",
        "digest": NEW,
        "channels": ["stable"],
        "kernels": [python3],
        "default": True,
    }
    old = {"version": "2026.10.1", "digest": OLD, "channels": [], "kernels": [python3], "default": False}
    r = {"version": "4.5", "digest": R, "channels": [], "kernels": [], "default": True}
    small = {"name": "small", "title": "Small", "cpus": 1.0, "memory_bytes": 2**30, "default": False}
    medium = {"name": "medium", "title": "Medium", "cpus": 2.5, "memory_bytes": 4 * 2**30, "default": True}
    return {
        "user": "ada",
        "environments": [
            {
                "name": "python-data",
                "title": "Python for data",
                "description": "pandas & co.",
                "versions": [
                    {**new, "created_at": "2026-11-20T08:00:00Z"},
                    {**old, "created_at": "2026-10-20T08:00:00Z"},
                ],
            },
            {"name": "r-base", "title": "R", "description": "", "versions": [{**r, "created_at": ""}]},
        ],
        "sizes": [small, medium],
    }
