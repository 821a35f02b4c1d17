"""Where a request came from, as far as it can be believed. For the hub and the api alike; standard library only.

configurable-http-proxy appends the address of whoever connected to it to ``X-Forwarded-For``: the last entry is its
own, all before it are what the client wrote, and so is ``X-Real-Ip``.
"""

from __future__ import annotations

from ipaddress import ip_address


def client_address(forwarded: str | None, peer: str) -> str:
    """The address of whoever connected to the proxy.

    Args:
        forwarded: ``X-Forwarded-For`` as it arrived, several headers of that name joined by commas. Only pass it
            where ``peer`` is the proxy.
        peer: who is connected to us; the answer where nothing was forwarded.
    """
    last = (forwarded or "").rpartition(",")[2].strip()
    return _plain(last) or _plain(peer) or ""


def _plain(text: str) -> str:
    """An address in one spelling: ``::ffff:10.0.0.1`` is 10.0.0.1; empty where it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
