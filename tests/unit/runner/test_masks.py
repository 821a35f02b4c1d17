"""Masking without a kernel: every form of a secret, wherever the pieces of a text end."""

from __future__ import annotations

import ast
import base64
import html
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nightdesk.runner.masks import MARK, MOST, Masks, Seam
from nightdesk.runner.streams import SEAM_DELAY, Streams

SECRETS = [
    "hunter22",
    "Sommer2026!",
    "p@ss/w+rd&x=1 <\"'\\> é",
    "s3cr",
    "a_b&c%d$e#f~g",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEifQ.ZK3x-_0",
    "ünïcödé€😀",
]
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAA\nQyNTUxOQAAACDcUJ\n" * 3


def masks(folder: Path, *secrets: str) -> Masks:
    path = folder / "masks"
    path.write_text(json.dumps({"secrets": secrets}) + "\n")
    return Masks(str(path))


def latex(secret: str) -> str:
    """As R's tables have it."""
    made = {"~": "\\textasciitilde{}", "\\": "\\textbackslash{}"}
    return "".join(made.get(each, f"\\{each}" if each in "&%$#_" else each) for each in secret)


def forms(secret: str) -> dict[str, str]:
    """By which way: what somebody sees of a secret, made as users make it."""
    encoded = secret.encode()
    made = {
        "plain": secret,
        "json": json.dumps(secret)[1:-1],
        "json with its letters": json.dumps(secret, ensure_ascii=False)[1:-1],
        "json in json": json.dumps(json.dumps({"k": secret})),
        "repr": repr({"k": secret}),
        "repr of bytes": repr(encoded),
        "url": quote(secret, safe=""),
        "url with slashes": quote(secret),
        "url in lower case": re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
        "form": quote_plus(secret),
        "hex": encoded.hex(),
        "HEX": encoded.hex().upper(),
        "hex with spaces": encoded.hex(" "),
        "html": html.escape(secret),
        "html text": html.escape(secret, quote=False),
        "html of repr": html.escape(repr({"k": secret}), quote=False),
        "latex": latex(secret),
    }
    for before in ("", "x", "xy"):
        made[f"base64 behind {len(before)}"] = base64.b64encode(before.encode() + encoded + b"zzz").decode()
        made[f"base64 alone behind {len(before)}"] = base64.b64encode(before.encode() + encoded).decode()
        made[f"url-safe behind {len(before)}"] = base64.urlsafe_b64encode(before.encode() + encoded).decode()
    return made


@pytest.mark.parametrize("secret", SECRETS)
def test_every_form(tmp_path: Path, secret: str) -> None:
    found = masks(tmp_path, secret)
    for way, form in forms(secret).items():
        masked = found.text(f"before {form} behind")
        assert masked.startswith("before "), way
        assert masked.endswith(" behind"), way
        assert MARK in masked, way
        rest = masked.replace(MARK, "")
        assert secret not in rest, way
        if "base64" in way or "safe" in way:  # what is left, at the border, holds some bits and no character
            assert len(rest) - len("before  behind") <= len("xyzzz") * 4 // 3 + 6, way
    assert found.masked


def test_what_is_no_secret_stays(tmp_path: Path) -> None:
    found = masks(tmp_path, "abc", "", "secret", "hunter22")
    for text in ("abcabc", f"a {MARK} b", "hunter 22", "HUNTER22"):
        assert found.text(text) is text
    assert not found.masked
    assert found.text("hunter22") == found.text(found.text("hunter22")) == MARK


def test_colours_may_stand_in_the_midst(tmp_path: Path) -> None:
    found = masks(tmp_path, "hunter22")
    coloured = "'\x1b[32mhun\x1b[0m\x1b[31mter22\x1b[0m'"
    assert found.text(coloured) == f"'\x1b[32m{MARK}\x1b[0m\x1b[31m\x1b[0m'"


def test_a_long_secret_that_is_cut(tmp_path: Path) -> None:
    secret = "".join(f"{number:04}" for number in range(100))
    found = masks(tmp_path, secret)
    assert found.text(secret[:46] + "...") == f"{MARK}..."
    assert found.text(secret[:19] + "...") == secret[:19] + "..."
    assert found.text(secret + "0") == f"{MARK}0"


def test_a_key_of_several_lines(tmp_path: Path) -> None:
    found = masks(tmp_path, KEY)
    assert found.text(f"key:\n{KEY}") == f"key:\n{MARK}\n"
    indented = "".join(f"  {number} {line}\n" for number, line in enumerate(KEY.splitlines()))
    assert "b3Blb" not in found.text(indented)
    assert "QyNTU" not in found.text(indented)


def test_values(tmp_path: Path) -> None:
    found = masks(tmp_path, "hunter22")
    bundle = {
        "text/plain": ["a hunter22\n", "b"],
        "application/json": {"hunter22": [1, None, {"deep": "xhunter22x"}]},
        "image/svg+xml": "<svg><text>hunter22</text></svg>",
        "text/html": "<b>hun</b>ter22 <i title='hunter22'>",
        "image/png": base64.b64encode(b"hunter22").decode(),
    }
    content = {"data": bundle, "metadata": {"text/plain": {"k": "hunter22"}}, "execution_count": 7}
    before = json.dumps(content)
    masked = found.shown(content)
    assert json.dumps(content) == before
    assert masked == {
        "data": {
            "text/plain": [f"a {MARK}\n", "b"],
            "application/json": {MARK: [1, None, {"deep": f"x{MARK}x"}]},
            "image/svg+xml": f"<svg><text>{MARK}</text></svg>",
            "text/html": f"<b>{MARK}</b> <i title='{MARK}'>",
            "image/png": bundle["image/png"],
        },
        "metadata": {"text/plain": {"k": MARK}},
        "execution_count": 7,
    }


def test_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "masks"
    found = Masks(str(path))
    assert found.text("hunter22") == "hunter22"
    with path.open("w") as file:
        file.write('{"secrets": ["hunter22"]}\n{"secr')
        file.flush()
        assert found.text("hunter22 swordfish") == f"{MARK} swordfish"
        file.write('ets": ["swordfish"]}\nwords\n[1]\n{"secrets": 3}\n{"secrets": [3, null]}\n')
        file.flush()
        assert found.text("hunter22 swordfish") == f"{MARK} {MARK}"
    path.unlink()
    assert found.text("hunter22") == MARK
    path.write_text('{"secrets": ["xyzzy"]}\n')  # made anew by whoever comes next
    assert found.text("hunter22 xyzzy") == f"{MARK} {MARK}"
    assert found.known == 3


def test_bounds(tmp_path: Path) -> None:
    found = masks(tmp_path, *(f"secret-{number}" for number in range(2 * MOST)))
    found.look()
    assert found.known == MOST


# Few letters, so that secrets begin, contain and follow each other all the time.
LETTERS = "ab/é\"'& "
WORDS = st.text(alphabet=LETTERS, min_size=4, max_size=12)
PIECES = st.lists(st.one_of(st.text(alphabet=LETTERS + "\n", max_size=6), st.integers(0, 400)), max_size=12)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], str, list[int]]:
    """Secrets, a text with forms of them in it, and where its pieces end."""
    secrets = draw(st.lists(WORDS, min_size=1, max_size=3))
    known = [form for secret in secrets for form in forms(secret).values()]
    text = "".join(known[p % len(known)] if isinstance(p, int) else p for p in draw(PIECES))
    return secrets, text, sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300)
@given(cases(), st.booleans())
def test_no_form_survives_any_chunking(
    tmp_path: Path, case: tuple[list[str], str, list[int]], one_at_a_time: bool
) -> None:
    secrets, text, ends = case
    found = masks(tmp_path, *secrets)
    delivered: list[str] = []
    streams = Streams(lambda _cell, _name, text: delivered.append(text), 10**6, found)
    ends = list(range(len(text))) if one_at_a_time else ends
    for begin, end in zip([0, *ends], [*ends, len(text)], strict=True):
        streams.write(None, "stdout", text[begin:end])
    streams.flush()
    shown = "".join(delivered)
    assert shown == found.text(text)
    for secret in secrets:
        plain = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), secret.encode().hex()}
        plain.add(base64.b64encode(secret.encode()).decode().rstrip("=")[:-1])
        for form in plain:
            assert form not in shown.split(MARK)


def test_nothing_waits_that_begins_no_secret(tmp_path: Path) -> None:
    found = masks(tmp_path, "hunter22")
    assert found.look()
    seam = Seam(found)
    assert seam.feed("loss 0.1\n") == "loss 0.1\n"
    assert seam.feed("hun") == ""
    assert seam.held == 3
    assert seam.feed("dred") == "hundred"
    assert seam.feed("hunter2") == ""
    assert seam.release() == "hunter2"
    assert seam.feed("2\n") == f"{MARK}\n"  # no more of it, at least


def test_one_letter_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    delivered: list[str] = []
    streams = Streams(lambda _cell, _name, text: delivered.append(text), 10**6, masks(tmp_path, "hunter22"))
    for letter in "a hunter22!":
        streams.write(None, "stdout", letter)
        while streams.due < now + 1:
            now = max(now, streams.due)
            streams.flush_due()
        now += 1
    assert delivered == ["a", " ", "h", "u", MARK, "!"]
    streams.write(None, "stdout", "hunt")
    assert streams.due == float("inf")
    streams.write(None, "stderr", "h")
    assert streams.due == now + SEAM_DELAY
    streams.flush()
    assert delivered[6:] == ["hunt", "h"]


def test_quick_enough(tmp_path: Path) -> None:
    """Generous: it is twenty times as quick on a machine with nothing else to do."""
    found = masks(tmp_path, *SECRETS)
    text = "epoch 12 loss 0.1234 accuracy 0.98 all is well\n" * 20_000
    begin = time.process_time()
    assert found.text(text) == text
    assert time.process_time() - begin < 2.0
    nothing = Masks(str(tmp_path / "nothing"))
    begin = time.process_time()
    for _ in range(1000):
        nothing.text(text)
    assert time.process_time() - begin < 0.2


def test_repr_is_read_back() -> None:
    """The oracle above says what Python itself writes."""
    made: Any = ast.literal_eval(forms(SECRETS[2])["repr"])
    assert made == {"k": SECRETS[2]}
