"""A run that shows a connection's secret in every form: nobody who looks at the run sees one of them."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from ..support.notebooks import notebook
from ..support.people import Person

pytestmark = [pytest.mark.platform, pytest.mark.case(27)]

MARK = "[secret]"
PYTHON_GIVEN = """
import nightdesk
secret = nightdesk.connect("masked-db").url.password
"""
PYTHON_SHOWS = """
import base64, html, json, sys
from urllib.parse import quote
import pandas as pd
from IPython.display import HTML, JSON, display
print("plain", secret)
for letter in secret: print(letter, end="", flush=True)
print(json.dumps({"password": secret}), repr(secret), quote(secret, safe=""), html.escape(secret), file=sys.stderr)
for before in ("", "x", "xy"): print(base64.b64encode((before + secret).encode()).decode())
print(secret.encode().hex())
display(HTML(f"<b>{html.escape(secret)}</b>"), JSON({"a": [secret]}))
nightdesk.log_metric(f"of {secret}", 1)
pd.DataFrame({"password": [secret], "n": [7]})
"""
R_GIVEN = """
secret <- unname(nightdesk::connect("masked-api")$headers[["Authorization"]])
secret <- substring(secret, nchar("Bearer ") + 1)
"""
R_SHOWS = """
print(secret); cat(secret, "\\n"); message(secret)
for (letter in strsplit(secret, "")[[1]]) { cat(letter); flush.console() }
cat(jsonlite::toJSON(list(password = secret)), URLencode(secret, reserved = TRUE), "\\n")
for (before in c("", "x", "xy")) cat(jsonlite::base64_enc(charToRaw(paste0(before, secret))), "\\n")
print(charToRaw(secret)); cat(paste(as.character(charToRaw(secret)), collapse = ""), "\\n")
nightdesk::log_metric(paste("of", secret), 1)
data.frame(password = secret, n = 7)
"""


def settings(kind: str) -> dict[str, Any]:
    if kind == "http":
        return {"url": "http://192.0.2.1/"}
    return {"host": "192.0.2.1", "port": 5432, "database": "d", "user": "u"}


@pytest.fixture
def secret(admin: Person, ada: Person) -> Iterator[str]:
    """The secret of two connections, that ada may use."""
    made = f"Ca/{secrets.token_hex(6)}&\"+'<{secrets.token_hex(6)}"
    for name, kind, field in (("masked-db", "postgresql", "password"), ("masked-api", "http", "token")):
        told = {"name": name, "kind": kind, "settings": settings(kind), "secrets": {field: made}}
        admin.runs.ask("POST", "/connections", json=told)
        to = {"kind": "person", "name": ada.name, "write": True}
        admin.runs.ask("POST", f"/connections/{name}/grants", json=to)
    yield made
    for name in ("masked-db", "masked-api"):
        admin.runs.call("DELETE", f"/connections/{name}")


def check(person: Person, run: str, secret: str) -> None:
    """All that somebody sees of a run."""
    seen = {
        name: person.runs.output(run, name).decode() for name in ("notebook.html", "log.txt", "manifest.json")
    }
    seen["run"] = json.dumps(person.runs.show(run))
    seen["log"] = person.runs.log(run)
    executed = json.loads(person.runs.output(run, "notebook.ipynb"))
    seen["notebook.ipynb"] = json.dumps(executed, ensure_ascii=False)
    encoded = secret.encode()
    parts = [
        secret[:15],
        secret[-12:],
        quote(secret, safe="")[:15],
        encoded.hex()[:20],
        encoded.hex(" ")[:20],
    ]
    for offset in range(3):  # what does not depend on what stands before
        parts.append(base64.b64encode(b"x" * offset + encoded).decode()[4:20])
    for place, text in seen.items():
        for part in parts:
            assert part not in text, f"{part!r} in {place}"
    for place in ("notebook.html", "log.txt", "log", "notebook.ipynb"):
        assert MARK in seen[place], place
    assert "secrets of connections were masked" in seen["log"]


@pytest.mark.parametrize("fails", [False, True])
def test_python(ada: Person, secret: str, fails: bool) -> None:
    cells = [PYTHON_GIVEN, PYTHON_SHOWS, *(["raise ValueError(f'no login with {secret}')"] if fails else [])]
    run = ada.runs.submit(notebook(*cells))["id"]
    ended = ada.runs.end(run, 120)
    assert ended["status"] == ("failed" if fails else "succeeded"), ended
    if fails:
        assert ended["error"]["message"] == f"no login with {MARK}"
    check(ada, run, secret)


@pytest.mark.parametrize("fails", [False, True])
def test_r(ada: Person, secret: str, fails: bool) -> None:
    cells = [R_GIVEN, R_SHOWS, *(["stop(paste('no login with', secret))"] if fails else [])]
    run = ada.runs.submit(notebook(*cells, kernel="ir"), environment="r-data", size="small")["id"]
    ended = ada.runs.end(run, 120)
    assert ended["status"] == ("failed" if fails else "succeeded"), ended
    if fails:
        assert f"no login with {MARK}" in ended["error"]["message"]
    check(ada, run, secret)
