"""Can this certificate be used? `tls_files.py FOLDER HOST`: words and 1 where it cannot.

What is asked is a client's own question: a handshake in memory, with the certificate's own authority trusted.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

CHAIN, KEY = "fullchain.pem", "privkey.pem"


class Unusable(Exception):
    """The words say what is wrong and what to do."""


def check(folder: Path, host: str) -> None:
    """Raise Unusable unless a client that asks for `host` would be served and content."""
    for name in (CHAIN, KEY):
        if not (folder / name).is_file():
            raise Unusable(
                f"site.tls is 'files', and there is no {folder / name}. Put the certificate with its chain into "
                f"{CHAIN} and its key into {KEY} there, or name another folder: NIGHTDESK_TLS_FILES in config/.env."
            )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        server.load_cert_chain(folder / CHAIN, folder / KEY, password=lambda: "")
    except ssl.SSLError as error:
        if "MISMATCH" in str(error):
            raise Unusable(
                f"{folder / KEY} is not the key of the first certificate in {folder / CHAIN}."
            ) from None
        raise Unusable(
            f"{folder}: the certificate or its key cannot be read: {error.reason or error}."
        ) from None
    except OSError as error:
        raise Unusable(f"{folder}: {error.strerror}.") from None
    client.load_verify_locations(folder / CHAIN)
    # Whoever is given with it is trusted here: which authorities people's browsers trust is theirs to say.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        shake_hands(server, client, host)
    except ssl.SSLCertVerificationError as error:
        raise Unusable(f"{folder / CHAIN} will not do for {host}: {error.verify_message}.") from None
    except ssl.SSLError as error:
        raise Unusable(f"{folder / CHAIN} will not do for {host}: {error.reason or error}.") from None


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    """A handshake between the two, without a socket."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(8):
        waiting = 0
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting += 1
        if not waiting:
            return


def main(arguments: list[str]) -> int:
    """Check; 0 when all is well."""
    folder, host = arguments
    try:
        check(Path(folder), host)
    except Unusable as error:
        print(f"  {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
