"""The port ``Sealing`` over AES-256-GCM.

``1.KEY.DATA``: the version of the form, the id of the key (eight digits of its hash), and base64 of the nonce and the
sealed JSON. The name of the connection is authenticated along with it: what was sealed for one opens for no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nightdesk.server.domain.errors import Unavailable

_FORM = "1"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class BadKey(ValueError):
    """A key that is none: the words hold nothing of it."""


class AesSealing:
    """Keys as hexadecimal digits, newest first."""

    def __init__(self, keys: str, purpose: str = "connection") -> None:
        """Raises :class:`BadKey`."""
        raw = [_key(text) for text in keys.split(",") if text.strip()]
        if not raw:
            raise BadKey("there is no key")
        self._keys = {_id(key): AESGCM(key) for key in raw}
        self._newest = _id(raw[0])
        self._purpose = purpose

    @classmethod
    def derived(cls, secret: str, purpose: str) -> AesSealing:
        """With a key made out of another secret, for one purpose alone."""
        made = hashlib.sha256(f"nightdesk {purpose} {secret}".encode()).hexdigest()
        return cls(made, purpose)

    @property
    def newest(self) -> str:
        return self._newest

    def seal(self, name: str, secrets: Mapping[str, Any]) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps(dict(secrets), ensure_ascii=False).encode()
        sealed = self._keys[self._newest].encrypt(nonce, plain, self._bound(name))
        return f"{_FORM}.{self._newest}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, name: str, sealed: str) -> dict[str, Any]:
        form, key, data = [*sealed.split(".", 2), "", "", ""][:3]
        if form != _FORM or key not in self._keys:
            raise Unavailable(
                f"what '{name}' was sealed with is not there any more",
                "An admin puts the key back into NIGHTDESK_SECRET_KEYS, or gives the secret anew.",
            )
        try:
            raw = base64.b64decode(data, validate=True)
            plain = self._keys[key].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._bound(name))
            opened = json.loads(plain)
        except (InvalidTag, binascii.Error, ValueError):
            raise Unavailable(
                f"the secrets of '{name}' were changed where they are kept", "An admin gives them anew."
            ) from None
        return dict(opened)

    def key_of(self, sealed: str) -> str:
        form, _, rest = sealed.partition(".")
        return rest.partition(".")[0] if form == _FORM else ""

    def has(self, key: str) -> bool:
        return key in self._keys

    def _bound(self, name: str) -> bytes:
        return f"nightdesk {self._purpose} {name}".encode()


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise BadKey(f"a key has {2 * _KEY_BYTES} hexadecimal digits")
    return key


def _id(key: bytes) -> str:
    return hashlib.sha256(b"nightdesk key id" + key).hexdigest()[:8]
