"""Where a request to the hub comes from, as far as it can be believed.

Tornado's own `remote_ip` believes `X-Real-Ip` and whatever else a client writes, and a session, which reaches the
hub without the proxy, could write anything: each guess of a password would be another address's.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING, Any

from nightdesk.forwarded import client_address

if TYPE_CHECKING:
    from nightdesk_hub.desk import Desk

#: What the api says of whom it acts for; see :func:`means_of`.
MEANS_HEADER = "X-Nightdesk-Means"


def address_of(request: Any, desk: Desk) -> str:
    """The address of whoever asks.

    A neighbour on somebody's network is believed only where it is the proxy; on the control network there are
    none but the platform's parts.
    """
    peer = _peer(request)
    if _is_session(peer, desk):
        return client_address(None, peer)
    return client_address(",".join(request.headers.get_list("X-Forwarded-For")), peer)


def means_of(handler: Any, desk: Desk) -> str:
    """`page` or `token`. The api acts for people with their tokens, and says whether they were on a page."""
    request = handler.request
    peer = _peer(request)
    said = request.headers.get(MEANS_HEADER, "")
    from_a_part = not _is_session(peer, desk) and peer not in desk.networks.proxies and desk.networks.proxies
    if from_a_part and said in {"page", "token"}:
        return str(said)
    return "token" if getattr(handler, "_token_authenticated", False) else "page"


def _peer(request: Any) -> str:
    """Who is connected to the hub: what the connection says, and no header."""
    context = getattr(request.connection, "context", None)
    return str(getattr(context, "_orig_remote_ip", "") or request.remote_ip or "")


def _is_session(peer: str, desk: Desk) -> bool:
    if peer in desk.networks.proxies:
        return False
    try:
        return ip_address(peer) in IPv4Network(desk.settings.sessions.network_pool)
    except ValueError:
        return False
