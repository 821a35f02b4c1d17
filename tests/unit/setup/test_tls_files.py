"""Which certificates are refused before anything is started, and with which words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tls_files

HOST = "notebooks.example.org"


def certificate(folder: Path, *, name: str = HOST, days: int = 1) -> None:
    """A certificate of its own authority with its key."""
    folder.mkdir(exist_ok=True)
    key, request, extensions = folder / "privkey.pem", folder / "request.pem", folder / "extensions"
    extensions.write_text(f"subjectAltName=DNS:{name}")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl("req", *curve, "-nodes", "-subj", "/CN=x", "-keyout", str(key), "-out", str(request))
    signing = ["-signkey", str(key), "-days", str(days), "-extfile", str(extensions)]
    openssl("x509", "-req", "-in", str(request), *signing, "-out", str(folder / "fullchain.pem"))


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def test_one_that_will_do(tmp_path: Path) -> None:
    certificate(tmp_path)
    tls_files.check(tmp_path, HOST)
    assert tls_files.main([str(tmp_path), HOST]) == 0


def test_a_wildcard_will_do(tmp_path: Path) -> None:
    certificate(tmp_path, name="*.example.org")
    tls_files.check(tmp_path, HOST)


def test_another_name_will_not(tmp_path: Path) -> None:
    certificate(tmp_path, name="elsewhere.example.org")
    with pytest.raises(tls_files.Unusable, match=HOST):
        tls_files.check(tmp_path, HOST)


def test_one_that_has_expired_will_not(tmp_path: Path) -> None:
    certificate(tmp_path, days=-1)
    with pytest.raises(tls_files.Unusable, match="expired"):
        tls_files.check(tmp_path, HOST)


def test_another_key_will_not(tmp_path: Path) -> None:
    certificate(tmp_path)
    certificate(tmp_path / "other")
    (tmp_path / "other/privkey.pem").replace(tmp_path / "privkey.pem")
    with pytest.raises(tls_files.Unusable, match="is not the key"):
        tls_files.check(tmp_path, HOST)


@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.pem"])
def test_what_is_missing_or_no_certificate_is_said(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate(tmp_path)
    (tmp_path / name).write_text("nothing of the kind")
    with pytest.raises(tls_files.Unusable, match="cannot be read"):
        tls_files.check(tmp_path, HOST)
    (tmp_path / name).unlink()
    assert tls_files.main([str(tmp_path), HOST]) == 1
    assert f"there is no {tmp_path / name}" in capsys.readouterr().err
