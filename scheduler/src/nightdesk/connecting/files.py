"""Files elsewhere: fsspec file systems whose paths begin at the connection's own root, and mounted folders."""

from __future__ import annotations

import re
from pathlib import Path

from nightdesk.connecting.problem import ConnectionProblem, driver, missing, not_mounted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.connecting.opening import Given

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
TRIES = 3


def open_folder(given: Given) -> Path:
    """Where it is mounted."""
    place = Path(given.place or "")
    if not given.place or not place.is_dir():
        raise not_mounted(given.name, given.place or "place for it")
    return place


def open_s3(given: Given) -> Any:
    """Arrow's client, behind fsspec's face; the root is the bucket, or the prefix in it."""
    store = s3_client(given)
    driver("fsspec", "fsspec", "S3")
    from fsspec.implementations.arrow import ArrowFSWrapper

    # fsspec keeps what it made by what it looks like, and two clients look alike.
    return _rooted(given, ArrowFSWrapper(store, skip_instance_cache=True), s3_root(given))


def s3_client(given: Given) -> Any:
    """Arrow's own file system of the whole store."""
    arrow = driver("pyarrow.fs", "pyarrow", "S3")
    settings = given.settings
    where: dict[str, Any] = {}
    if settings.get("endpoint"):
        scheme, _, place = str(settings["endpoint"]).partition("://")
        where = {"endpoint_override": place.rstrip("/"), "scheme": scheme, "region": "us-east-1"}
    if settings.get("region"):
        where["region"] = settings["region"]
    elif not settings.get("endpoint"):
        where["region"] = arrow.resolve_s3_region(settings["bucket"])
    return arrow.S3FileSystem(
        access_key=settings["access_key"],
        secret_key=given.secrets["secret_key"],
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        retry_strategy=arrow.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        **where,
    )


def s3_root(given: Given) -> str:
    """The bucket, or the prefix in it."""
    prefix = str(given.settings.get("prefix") or "").strip("/")
    return f"{given.settings['bucket']}/{prefix}".rstrip("/")


def open_sftp(given: Given) -> Any:
    """A file system over SSH, whose key is the one on record. Raises ConnectionProblem where nobody lets us in."""
    driver("paramiko", "paramiko", "SFTP")
    driver("fsspec", "fsspec", "SFTP")
    from nightdesk.connecting.ssh import file_system

    return _rooted(given, file_system(given), str(given.settings.get("path") or "/"))


def open_fsspec(given: Given) -> Any:
    """What fsspec makes of the protocol and its options."""
    library = driver("fsspec", "fsspec", "these")
    protocol = str(given.settings["protocol"])
    options = {**(given.settings.get("options") or {}), **(given.secrets.get("options") or {})}
    try:
        kind = library.get_filesystem_class(protocol)
    except ValueError:
        raise ConnectionProblem(
            f"fsspec knows no protocol {protocol!r}",
            "An admin changes the connection; `fsspec.available_protocols()` lists what there is.",
        ) from None
    except ImportError as error:
        raise missing(_package_of(str(error), protocol), protocol) from error
    try:
        inner = kind(**options, skip_instance_cache=True)
    except TypeError as error:
        raise ConnectionProblem(
            f"fsspec's {protocol!r} does not take the options of the connection '{given.name}': {error}",
            "An admin changes them.",
        ) from None
    return _rooted(given, inner, "") if given.read_only else inner


def _package_of(advice: str, protocol: str) -> str:
    """fsspec's own words name it: `Please install gcsfs to access Google Storage`."""
    found = re.search(r"install [\"'`]?([A-Za-z][A-Za-z0-9_.-]+)", advice, re.IGNORECASE)
    return found[1] if found else protocol


def _rooted(given: Given, inner: Any, root: str) -> Any:
    from nightdesk.connecting.rooted import ReadOnlyFiles, RootedFiles

    return (ReadOnlyFiles if given.read_only else RootedFiles)(inner, root, given.name)
