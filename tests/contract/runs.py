"""Runs and versions for the contract suites."""

from __future__ import annotations

from typing import Any

from nightdesk.server.domain.environment import Kernel, Version
from nightdesk.server.domain.run import Run

DIGEST = "sha256:" + "1" * 64


def a_run(**values: Any) -> Run:
    """A notebook run of ada's."""
    defaults: dict[str, Any] = {
        "id": "k7m2x9qh4tfd",
        "owner": "ada",
        "name": "analysis",
        "kind": "notebook",
        "file": "analysis.ipynb",
        "environment": "python-data",
        "version": "2026.11.1",
        "digest": DIGEST,
        "size": "medium",
        "cpus": 1.0,
        "memory_bytes": 256 * 2**20,
        "timeout_seconds": 3600.0,
        "created_at": 1_790_000_000.0,
        "submitted_by": "ada",
    }
    return Run(**{**defaults, **values})


def a_version(environment: str, version: str, *channels: str, **values: Any) -> Version:
    """A version with one Python kernel."""
    defaults: dict[str, Any] = {
        "digest": DIGEST,
        "image": f"nightdesk/{environment}:{version}",
        "title": environment,
        "description": "",
        "kernels": (Kernel("python3", "Python 3", "python"),),
        "created_at": 1_790_000_000.0,
    }
    return Version(environment=environment, version=version, channels=channels, **{**defaults, **values})
