"""The layers of an image, put together from the two halves in which an engine tells of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nightdesk.server.domain.environment import Layer

# Instructions that only change an image's settings.
_SETTINGS = re.compile(
    r"^(/bin/sh -c #\(nop\)\s+)?"
    r"(ENV|LABEL|CMD|ENTRYPOINT|USER|EXPOSE|ARG|VOLUME|STOPSIGNAL|SHELL|HEALTHCHECK|ONBUILD|MAINTAINER)\b"
)


def layers_of(names: Sequence[str], history: Sequence[tuple[str, int]]) -> list[Layer]:
    """Each layer with its size.

    Args:
        names: of the layers, the lowest first (``RootFS.Layers``).
        history: what made the image and the bytes that it added, the oldest first. It has entries that made
            no layer, and does not say which: those with bytes did, those that change settings did not, and
            of the others as many as are left over.
    """
    spare = len(names) - sum(size > 0 for _, size in history)
    sizes: list[int] = []
    for made_by, size in history:
        if size > 0:
            sizes.append(size)
        elif spare > 0 and not _SETTINGS.match(made_by):
            sizes.append(0)
            spare -= 1
    sizes = [0] * (len(names) - len(sizes)) + sizes
    return [Layer(name, size) for name, size in zip(names, sizes, strict=False)]
