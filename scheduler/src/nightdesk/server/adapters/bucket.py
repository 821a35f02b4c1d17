"""A bucket of a store that speaks S3, and who asks there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where it is and who asks; ``endpoint`` is empty for Amazon's own."""

    url: str
    key: str
    secret: str = field(repr=False)
    endpoint: str = ""
    region: str = "us-east-1"

    @property
    def name(self) -> str:
        """The bucket's."""
        return self.url.removeprefix("s3://").split("/", 1)[0]
