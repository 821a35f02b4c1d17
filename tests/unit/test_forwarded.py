"""Whose address is believed: the one that the proxy added, and nothing that a client wrote."""

from __future__ import annotations

import pytest
from nightdesk.forwarded import client_address


@pytest.mark.parametrize(
    ("forwarded", "peer", "address"),
    [
        (None, "172.20.0.3", "172.20.0.3"),
        ("", "172.20.0.3", "172.20.0.3"),
        ("192.0.2.7", "172.20.0.3", "192.0.2.7"),
        ("10.9.9.9,192.0.2.7", "172.20.0.3", "192.0.2.7"),  # the first is what the client made up
        ("10.9.9.9, 8.8.8.8 , 192.0.2.7", "172.20.0.3", "192.0.2.7"),
        ("::ffff:192.0.2.7", "172.20.0.3", "192.0.2.7"),
        ("2001:db8::1", "172.20.0.3", "2001:db8::1"),
        ("192.0.2.7,<script>", "172.20.0.3", "172.20.0.3"),
        ("unknown", "::1", "::1"),
        ("192.0.2.7,", "172.20.0.3", "172.20.0.3"),
        (None, "", ""),
    ],
)
def test_the_last_entry_is_the_proxys(forwarded: str | None, peer: str, address: str) -> None:
    assert client_address(forwarded, peer) == address
