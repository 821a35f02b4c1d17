"""A document to an address that people named. No redirect is followed."""

from __future__ import annotations

import json

from nightdesk.fetching.refusing import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECONDS = 20


def tell(wanted: dict[str, Any], ca: str | None) -> dict[str, Any]:
    """Post it; raises Refused unless the other side takes it."""
    import ssl
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

    class _Stays(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    context = ssl.create_default_context(cafile=ca)
    opener = build_opener(ProxyHandler({}), _Stays(), HTTPSHandler(context=context))
    body = json.dumps(wanted["document"]).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "nightdesk", **wanted["headers"]}
    try:
        request = Request(wanted["url"], body, headers, method="POST")  # noqa: S310 - it was checked: http or https
        opener.open(request, timeout=_SECONDS).close()
    except HTTPError as error:
        kind = "unavailable" if error.code >= 500 or error.code in {408, 429} else "invalid"
        raise Refused(kind, f"it answered {error.code}") from None
    except (URLError, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise Refused("unavailable", f"it does not answer: {str(why)[:200]}") from None
    return {"ok": True}
