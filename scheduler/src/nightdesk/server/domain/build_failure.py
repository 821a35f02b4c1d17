"""What to do about the failures of builds that have a known cause."""

from __future__ import annotations

import re
import sys

_KNOWN = (
    (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|unable to get local issuer",
        "A certificate was not trusted: set NIGHTDESK_CA to the bundle that this network needs and run `make up`.",
    ),
    (
        r"no space left on device",
        "The disk is full: 'docker system df' shows what the engine holds, 'docker builder prune' frees its cache.",
    ),
    (
        r"Temporary failure (in name resolution|resolving)|EAI_AGAIN|Could not resolve|Name or service not known",
        "A name was not found from inside a container: look at the engine's DNS ('dns' in /etc/docker/daemon.json).",
    ),
    (
        r"DO NOT MATCH THE HASHES|Hash mismatch for",
        "A package is not the one that was locked: the index serves another file, or it was changed on its way.",
    ),
    (
        r"ResolutionImpossible|Cannot install .* because these package versions have conflicting",
        "The packages asked for do not fit each other, or not what the platform itself needs; pip says above which.",
    ),
    (
        r"No matching distribution found|Could not find a version|No solution found",
        "The index has no such package, or no wheel of this version for Python 3.13: look at its name and version. "
        "A lock can be made again with images/lock.sh.",
    ),
    (
        r"debian:trixie-slim.*(not found|pull access denied|failed to)",
        "The Debian image is missing: run setup/os-image.sh.",
    ),
    (
        r"failed to resolve source metadata|pull access denied",
        "An image that the Dockerfile names cannot be had: look at its FROM lines.",
    ),
)


def explain(log: str) -> str | None:
    """In words, what to do; None where the cause is none of the known ones."""
    return next((words for pattern, words in _KNOWN if re.search(pattern, log, re.IGNORECASE)), None)


if __name__ == "__main__":  # for setup/images.sh, which builds without the platform
    print(explain(sys.stdin.read()) or "", end="")
