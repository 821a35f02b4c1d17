"""Uploads in parts that nobody will complete: what a killed process left in a bucket, and pays rent there.

obstore does not list them. Two requests, signed as Amazon describes under "Signature Version 4".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import urllib3
from defusedxml import ElementTree

from nightdesk.server.domain.errors import Unavailable

_SECONDS = urllib3.Timeout(connect=5, read=30)
_EMPTY = hashlib.sha256(b"").hexdigest()
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks, and where the bucket is."""

    key: str
    secret: str = field(repr=False)
    region: str


class Uploads:
    """Those of one bucket."""

    def __init__(self, endpoint: str, bucket: str, login: Login) -> None:
        self._endpoint, self._bucket, self._login = endpoint, bucket, login
        self._http = urllib3.PoolManager(retries=urllib3.Retry(2, redirect=0))

    def abort(self, prefix: str, older_seconds: float) -> int:
        """Abort those below a prefix that were begun so many seconds ago; how many.

        Raises:
            Unavailable: the store does not answer, or does not allow it.
        """
        before = datetime.now(UTC) - timedelta(seconds=older_seconds)
        count = 0
        for key, upload, begun in self.listed(prefix):
            if begun < before:
                self._ask("DELETE", f"/{self._bucket}/{quote(key, safe='/~')}", {"uploadId": upload})
                count += 1
        return count

    def listed(self, prefix: str) -> list[tuple[str, str, datetime]]:
        """Those below a prefix that go on or were left: key, id of the upload, since when."""
        found: list[tuple[str, str, datetime]] = []
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            body = self._ask("GET", f"/{self._bucket}", {"uploads": "", "prefix": prefix, **after})
            page = ElementTree.fromstring(body)
            for each in page.iter():
                each.tag = each.tag.rpartition("}")[2]  # stores differ in the namespace
            for each in page.iter("Upload"):
                begun = datetime.fromisoformat(each.findtext("Initiated", "").replace("Z", "+00:00"))
                found.append((each.findtext("Key", ""), each.findtext("UploadId", ""), begun))
            if page.findtext("IsTruncated", "false") != "true":
                break
            after = {
                "key-marker": page.findtext("NextKeyMarker", ""),
                "upload-id-marker": page.findtext("NextUploadIdMarker", ""),
            }
        return [each for each in found if each[0].startswith(prefix)]

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> bytes:
        asked = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query.items())
        )
        host = urlsplit(self._endpoint).netloc
        headers = signed(self._login, method, host, (path, asked), datetime.now(UTC))
        try:
            answer = self._http.request(
                method, f"{self._endpoint}{path}?{asked}", headers=headers, timeout=_SECONDS, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("the output store does not answer", "Look at the store.") from error
        if answer.status == 404 and method == "DELETE":
            return b""  # it was completed or aborted meanwhile
        if not 200 <= answer.status < 300:
            raise Unavailable(f"the output store does not say what was begun there (status {answer.status})")
        return answer.data


def signed(login: Login, method: str, host: str, what: tuple[str, str], at: datetime) -> dict[str, str]:
    """The headers of a request without a body; ``what`` is its path and its query, encoded and in order."""
    moment, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    names = "host;x-amz-content-sha256;x-amz-date"
    stands = f"host:{host}\nx-amz-content-sha256:{_EMPTY}\nx-amz-date:{moment}\n"
    request = f"{method}\n{what[0]}\n{what[1]}\n{stands}\n{names}\n{_EMPTY}"
    scope = f"{day}/{login.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{login.secret}".encode()
    for part in (day, login.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={login.key}/{scope}, SignedHeaders={names}, Signature={signature}",
        "x-amz-content-sha256": _EMPTY,
        "x-amz-date": moment,
    }
