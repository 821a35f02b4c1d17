"""Masking in real runs: whatever the code does with a secret, none of it leaves the runner."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from nightdesk.runner.masks import MARK

from .run_folder import Ended, RunFolder, code, notebook

SECRET = 'hunter22/&"xyzzy'
GIVEN = f"""
import base64, json, os, sys, time, html
from urllib.parse import quote
secret = base64.b64decode({base64.b64encode(SECRET.encode())!r}).decode()
with open(os.environ["NIGHTDESK_MASKS"], "a") as file:
    file.write(json.dumps({{"secrets": [secret]}}) + "\\n")
del file
"""
"""What `nightdesk.connect` does before it hands a connection to the code."""
PARTS = ("hunter22/", "xyzzy", "aHVudGVyMjI", "68756e746572", "hunter22%2", "enp5", "4enl6en")
"""Parts of the secret in the forms below."""


def left(folder: RunFolder, ended: Ended) -> str:
    """Everything that leaves a run, but for what the notebook brought along itself."""
    found = json.dumps(ended.events) + ended.stderr
    for path in (folder.root / "result").iterdir():
        if path.name == "notebook.ipynb":
            document = ended.document
            for cell in document["cells"]:
                del cell["source"]
            found += json.dumps(document)
        elif path.name != "metrics.jsonl":  # the platform reads the events
            found += path.read_text()
    return found


def check(folder: RunFolder, ended: Ended) -> None:
    found = left(folder, ended)
    for part in PARTS:
        assert part not in found, found[max(0, found.index(part) - 300) :][:600]
    assert MARK in found
    assert ended.finished["masked"] is True


def test_printed_in_all_forms(folder: RunFolder) -> None:
    forms = """
print("plain", secret)
print("json", json.dumps({"a": secret}))
print("url", quote(secret, safe=""), quote(secret))
print("hex", secret.encode().hex(), "HEX", secret.encode().hex().upper())
for before in ("", "x", "xy"):
    print("base64", base64.b64encode((before + secret + "-" * 3).encode()).decode())
print("html", html.escape(secret))
print("error", secret, file=sys.stderr)
os.write(1, f"raw {secret}\\n".encode())
os.system(f"echo 'child {secret}'")
print("done")
"""
    folder.notebook(notebook(GIVEN, forms))
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.events
    check(folder, ended)
    text = ended.text(cell=2)
    assert f"plain {MARK}\n" in text
    assert f'json {{"a": "{MARK}"}}\n' in text
    assert f"url {MARK} {MARK}\n" in text
    assert f"hex {MARK} HEX {MARK}\n" in text
    assert text.count("base64") == 3
    assert f"html {MARK}\n" in text
    assert f"raw {MARK}\n" in text
    assert f"child {MARK}\n" in text
    assert "done\n" in text
    assert ended.text("stderr", cell=2) == f"error {MARK}\n"
    assert f"plain {MARK}\n" in ended.shown(1)


def test_one_letter_at_a_time(folder: RunFolder) -> None:
    slow = "for letter in f'a {secret} b\\n': print(letter, end='', flush=True)"
    raw = "for letter in f'a {secret} b\\n': _ = os.write(1, letter.encode())"
    folder.notebook(notebook(GIVEN, slow, raw))
    ended = folder.run()
    check(folder, ended)
    assert ended.text(cell=2) == ended.shown(1) == f"a {MARK} b\n"
    assert f"a {MARK} b\n" in ended.text(cell=3)


def test_a_beginning_alone_comes_at_the_end_of_its_cell(folder: RunFolder) -> None:
    folder.notebook(notebook(GIVEN, "print('hunter', end='')", "print('22 of them', secret)"))
    ended = folder.run()
    assert ended.text(cell=2) == "hunter"
    assert ended.text(cell=3) == f"22 of them {MARK}\n"
    cells = [event.get("cell") for event in ended.of("stream")]
    assert cells == [2, 3]


SHOWN = """
from IPython.display import HTML, JSON, SVG, Markdown, display, update_display
class Table:
    def _repr_html_(self):
        return f"<table><tr><td>{html.escape(secret)}</td><td title='{secret}'>7</td></tr></table>"
    def _repr_json_(self):
        return {"rows": [{secret: {"nested": [secret, 7]}}]}
    def __repr__(self):
        return f"   name  password\\n0  ada  {secret}"
display(HTML(f"<b>hunter22/</b>&amp;<i>&quot;xyzzy</i>"))
display(JSON({"a": [secret]}), Markdown(f"**{secret}**"), SVG(f"<svg><text>{html.escape(secret)}</text></svg>"))
_ = display("nothing yet", display_id="updated")
update_display(f"now {secret}", display_id="updated")
Table()
"""


def test_displayed(folder: RunFolder) -> None:
    folder.notebook(notebook(GIVEN, SHOWN))
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.events
    check(folder, ended)
    *_, updated, table = ended.outputs(1)
    assert updated["data"]["text/plain"] == [f"'now {MARK}'"]
    assert table["data"]["text/html"] == [f"<table><tr><td>{MARK}</td><td title='{MARK}'>7</td></tr></table>"]
    assert table["data"]["application/json"] == {"rows": [{MARK: {"nested": [MARK, 7]}}]}
    assert table["data"]["text/plain"] == ["   name  password\n", f"0  ada  {MARK}"]


@pytest.mark.parametrize(
    "raising",
    [
        "raise ValueError(f'cannot log in with {secret}')",
        "def log_in(password='hunter22/&\"xyzzy'): raise KeyError(password)\nlog_in()",
        "raise ValueError('\\x1b[31m' + secret[:4] + '\\x1b[0m' + secret[4:])",
        "raise ValueError('x' * 490 + secret)",  # the reason ends in the midst of it
    ],
)
def test_a_traceback(folder: RunFolder, raising: str) -> None:
    folder.notebook(notebook(GIVEN, raising))
    ended = folder.run()
    assert ended.outcome == "code_failed"
    check(folder, ended)
    assert MARK in ended.finished["error"]["message"]
    assert "hunter" not in ended.reason
    assert MARK in "".join(ended.outputs(1)[0]["traceback"])


def test_an_error_that_may_be(folder: RunFolder) -> None:
    folder.notebook(notebook(GIVEN, code("1 / int(secret)", tags=["raises-exception"])))
    ended = folder.run()
    assert ended.outcome == "succeeded"
    check(folder, ended)


def test_metrics(folder: RunFolder) -> None:
    log = "from nightdesk.notebook import log_metric\nlog_metric(f'score of {secret}', 1)"
    folder.notebook(notebook(GIVEN, log))
    ended = folder.run()
    check(folder, ended)
    assert ended.of("metric")[0]["name"] == f"score of {MARK}"


def test_the_state_of_widgets(folder: RunFolder) -> None:
    widget = """
from comm import create_comm
state = {"_model_name": "TextModel", "_model_module": "controls", "value": secret, secret: {"a": [secret]}}
comm = create_comm(target_name="jupyter.widget", data={"state": state, "buffer_paths": []})
"""
    folder.notebook(notebook(GIVEN, widget))
    ended = folder.run()
    check(folder, ended)
    (model,) = ended.document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"][
        "state"
    ].values()
    assert model["state"]["value"] == MARK


def test_shown_before_it_was_known_to_be_one(folder: RunFolder) -> None:
    early = 'print("hunter22/&\\"xyzzy")\n{"a": \'hunter22/&"xyzzy\'}'
    folder.notebook(notebook(early, GIVEN, "print(secret)"))
    ended = folder.run()
    assert ended.shown(0) == f"{MARK}\n"
    assert ended.outputs(0)[1]["data"]["text/plain"] == [f"{{'a': '{MARK}'}}"]


def test_what_a_terminal_makes_of_it(folder: RunFolder) -> None:
    saved = "time.sleep(2.3)"  # with the secret known, so that nothing is looked through again for it alone
    folder.notebook(notebook(GIVEN, saved, "print(secret[:5] + '_\\b' + secret[5:])"))
    ended = folder.run()
    assert ended.shown(2) == f"{MARK}\n"


def test_a_very_long_line(folder: RunFolder) -> None:
    long = "print(('x' * 99_990 + secret) * 1 + 'y' * 50_000_000 + secret)"
    folder.notebook(notebook(GIVEN, long, "print('after', secret)"))
    ended = folder.run()
    check(folder, ended)
    text = ended.text(cell=2)
    assert text.startswith("x" * 99_990 + MARK)
    assert "line cut after 100,000 bytes" in text
    assert ended.text(cell=3) == f"after {MARK}\n"


def test_a_script(folder: RunFolder) -> None:
    source = GIVEN + (
        "print(secret)\n"
        "for letter in secret: print(letter, end='', flush=True); time.sleep(0.02)\n"
        "print(); print(secret, file=sys.stderr)\n"
        "raise ValueError('x' * 490 + secret)\n"
    )
    folder.script(source)
    ended = folder.run()
    assert ended.outcome == "code_failed"
    check(folder, ended)
    assert ended.text(cell=None) == f"{MARK}\n{MARK}\n"
    assert ended.finished["error"]["message"] == "x" * 490 + MARK
    assert ended.reason.endswith("x" * 490 + MARK)


def test_nothing_is_masked_where_nothing_is_secret(execute: Any) -> None:
    ended = execute("print('hunter22', end='')", "import os\nprint(os.environ['NIGHTDESK_MASKS'])")
    assert ended.text(cell=1) == "hunter22"
    assert "masked" not in ended.finished
    assert not Path(ended.text(cell=2).strip()).exists()


def test_the_file_is_private(folder: RunFolder, tmp_path: Path) -> None:
    folder.env["NIGHTDESK_MASKS"] = str(tmp_path / "masks")
    look = "import os\nprint(oct(os.stat(os.environ['NIGHTDESK_MASKS']).st_mode))"
    folder.notebook(notebook(look))
    ended = folder.run()
    assert ended.text().strip() == oct(stat.S_IFREG | 0o600)
    assert not (tmp_path / "masks").exists()
