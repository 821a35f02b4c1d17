"""The port ``FileStore`` over a bucket that speaks S3, through obstore's file system for fsspec.

An object appears when its upload is completed, so nothing is renamed here: what breaks off is aborted, and what a killed
process left is aborted later (:meth:`BucketStore.tidy`). Bytes go past fsspec, whose files know no abort.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import IO, Any, NoReturn, cast

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.fsspec import FsspecStore as ObstoreFileSystem
from obstore.store import S3Store

from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.adapters.object_reader import BLOCK, ObjectReader
from nightdesk.server.adapters.s3_uploads import Login, Uploads
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.run import Output

_PART = 8 * 2**20  # bytes of a part of an upload, as long as 9,000 of them are enough: S3 takes 10,000
_MOST_PARTS = 9000
_AT_ONCE = 3  # parts under way of one upload: what it takes of memory
_SIGNED = timedelta(minutes=1)  # whoever has such an address has begun to read by then
_LONGEST_KEY = 1024  # bytes
TRIES = 3  # more of a request that failed; whoever is without an answer then waits and comes again
_ODD = re.compile(r"[\x00-\x1f\x7f%*?\[\]\\]")  # what stores or XML do not take, and patterns of fsspec
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,64})</Code>")
_WORDS = {
    "NoSuchBucket": "there is no bucket of that name",
    "InvalidAccessKeyId": "it does not know the access key",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "the access key has no right to do this",
    "AllAccessDisabled": "the access key has no right to do this",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
}
_FULL = {
    "QuotaExceeded",
    "XMinioStorageFull",
    "StorageFull",
    "InsufficientStorage",
    "XAdminBucketQuotaExceeded",
}
_log = logging.getLogger(__name__)


class BucketStore(FsspecStore):
    """Objects below a prefix of one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        config: dict[str, Any] = {
            "access_key_id": bucket.key,
            "secret_access_key": bucket.secret,
            "region": bucket.region,
            "virtual_hosted_style_request": not bucket.endpoint,
        }
        if bucket.endpoint:
            config["endpoint"] = bucket.endpoint
        client: Any = {
            "connect_timeout": "5s",
            "timeout": "60s",
            "allow_http": bucket.endpoint.startswith("http:"),
        }
        again: Any = {
            "max_retries": TRIES,
            "retry_timeout": timedelta(seconds=20),
            "backoff": {
                "init_backoff": timedelta(milliseconds=200),
                "max_backoff": timedelta(seconds=3),
                "base": 2,
            },
        }
        system = ObstoreFileSystem(
            "s3", config=cast("Any", config), client_options=client, retry_config=again
        )
        super().__init__(bucket.url.removeprefix("s3://"), system)
        self._bucket = bucket
        self._objects = S3Store(
            bucket.name, config=cast("Any", config), client_options=client, retry_config=again
        )
        self._uploads = Uploads(
            bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com",
            bucket.name,
            Login(bucket.key, bucket.secret, bucket.region),
        )

    def put_all(self, objects: Mapping[str, IO[bytes]]) -> list[Output]:
        stored: list[Output] = []
        placed: list[str] = []
        try:
            for key, source in objects.items():
                path = self._path(key)
                reading = _Reading(source)
                try:
                    self._put(path, reading)
                except (BaseError, OSError) as error:
                    if reading.broken is error:
                        raise
                    self._fail(error, "does not take the file")
                placed.append(path)
                stored.append(Output(key.rsplit("/", 1)[-1], reading.size, reading.sha256))
        except BaseException as error:
            if len(objects) > 1:
                self._take_back(placed)
            if isinstance(error, OSError):
                raise Unavailable(
                    f"the output store does not take the file: {error.strerror or error}"
                ) from error
            raise
        return stored

    def _put(self, path: str, reading: _Reading) -> None:
        if reading.many:  # aborted by obstore where the source or the store breaks
            obstore.put(self._objects, path, reading, chunk_size=reading.part, max_concurrency=_AT_ONCE)
        else:
            obstore.put(self._objects, path, reading.first, use_multipart=False)

    def _take_back(self, placed: list[str]) -> None:
        for path in placed:
            try:
                obstore.delete(self._objects, path)
            except (BaseError, OSError) as error:
                _log.warning(
                    "%s stays in the store although what belongs to it is not there: %s", path, _code(error)
                )

    def open(self, key: str) -> IO[bytes]:
        path = self._path(key)
        try:
            got = obstore.get(self._objects, path)
            seen = got.meta
            if seen["size"] <= BLOCK:
                return io.BytesIO(got.bytes())
            del got  # the rest of it is asked for in blocks, several at a time
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket":
                self._fail(error, "does not answer")
            raise NotFound("there is no such file") from None
        except (BaseError, OSError) as error:
            self._fail(error, "does not answer")
        reader = ObjectReader(self._objects, path, seen["size"], seen["e_tag"])
        return cast("IO[bytes]", io.BufferedReader(reader, 2**18))

    def address(self, key: str) -> str | None:
        return obstore.sign(self._objects, "GET", self._path(key), _SIGNED)

    def exists(self, key: str) -> bool:
        path = self._path(key)
        try:
            obstore.head(self._objects, path)
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            self._fail(error, "does not answer")
        return True

    def remove(self, key: str) -> None:
        path = self._path(key)
        try:
            obstore.delete(self._objects, path)
            for page in obstore.list(self._objects, prefix=f"{path}/", chunk_size=500):
                obstore.delete(self._objects, [each["path"] for each in page])
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            self._fail(error, "removes nothing")

    def tidy(self, older_seconds: float) -> int:
        return self._uploads.abort(self._prefix, older_seconds)

    @property
    def _prefix(self) -> str:
        """What the names of all objects begin with."""
        below = self._root.removeprefix(self._bucket.name).strip("/")
        return f"{below}/" if below else ""

    def _fail(self, error: BaseException, what: str) -> NoReturn:
        code = _code(error)
        if code in _FULL:
            raise Unavailable(
                "storage full", "Make room in the bucket; the run finishes by itself then."
            ) from None
        where = self._bucket.endpoint or "Amazon S3"
        words = _WORDS.get(code) or f"it answered {code}"
        if not code:  # an answer to HEAD says no more
            refused = isinstance(error, (PermissionDeniedError, UnauthenticatedError))
            words = "it does not let us in" if refused else f"{where} is out of reach or does not answer"
        _log.warning("bucket %s at %s: %s", self._bucket.name, where, code or type(error).__name__)
        # Not the vendor's own text: it is long, and says how the request was made.
        raise Unavailable(
            f"the output store {what}: {words} (bucket {self._bucket.name})",
            "Look at the store, at `storage` in nightdesk.yaml and at NIGHTDESK_STORE_KEY in config/.env.",
        ) from None

    def _path(self, key: str) -> str:
        """Where it stands in the bucket."""
        plain = super()._path(key).removeprefix(self._bucket.name).lstrip("/")
        path = _ODD.sub(lambda odd: f"%{ord(odd[0]):02X}", plain)
        if len(path.encode()) > _LONGEST_KEY:  # nothing looks for an object by a part of its name
            digest = hashlib.sha256(path.encode()).hexdigest()
            path = path.encode()[: _LONGEST_KEY - 80].decode("utf-8", "ignore") + f"%{digest}"
        return path


class _Reading:
    """A source on its way into the store: its size and checksum are known when it has been read to its end."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self.size = 0
        self.broken: BaseException | None = None
        """What the source itself raised; the store's own errors are others."""
        self.part = max(_PART, -(-_length(source) // _MOST_PARTS))
        self.first = self._read()
        self.many = len(self.first) == self.part

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        yield self.first
        self.first = b""
        while piece := self._read():
            yield piece

    def _read(self) -> bytes:
        try:
            pieces, left = [], self.part
            while left and (piece := self._source.read(left)):
                pieces.append(piece)
                left -= len(piece)
        except BaseException as error:
            self.broken = error
            raise
        read = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._digest.update(read)
        self.size += len(read)
        return read


def _length(source: IO[bytes]) -> int:
    """Bytes of a file; 0 for what is none."""
    try:
        return os.fstat(source.fileno()).st_size
    except (OSError, AttributeError):
        return 0


def _code(error: BaseException) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""
