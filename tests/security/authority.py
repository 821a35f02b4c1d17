"""A certificate authority of the tests' own, with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments: str) -> str:
    """What it printed; fails the test where it fails."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """Signs certificates; `root` is what its clients trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.root = folder / "root.pem"
        self._key = folder / "root.key"
        names = ["-subj", "/CN=an authority of the tests"]
        openssl(
            "req", "-x509", *_CURVE, *names, "-days", "2", "-keyout", str(self._key), "-out", str(self.root)
        )

    def sign(self, host: str, into: Path, *, days: int = 2) -> None:
        """A certificate for a host: fullchain.pem and privkey.pem in a folder."""
        into.mkdir(parents=True, exist_ok=True)
        request, extensions, signed = (
            self._folder / "request.pem",
            self._folder / "extensions",
            self._folder / "signed.pem",
        )
        extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
        key = self._folder / "new.key"
        openssl("req", *_CURVE, "-subj", f"/CN={host}", "-keyout", str(key), "-out", str(request))
        ours = [
            "-CA",
            str(self.root),
            "-CAkey",
            str(self._key),
            "-CAcreateserial",
            "-extfile",
            str(extensions),
        ]
        openssl("x509", "-req", "-in", str(request), *ours, "-days", str(days), "-out", str(signed))
        key.chmod(0o644)  # a folder of the tests' own; the service is not root
        (into / "privkey.pem").write_bytes(key.read_bytes())
        (into / "privkey.pem").chmod(0o644)
        (into / "fullchain.pem").write_bytes(signed.read_bytes() + self.root.read_bytes())
