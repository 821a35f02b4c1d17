"""Notebooks and scripts that are accepted and then do what code should not."""

from __future__ import annotations

import json
from typing import Any

from ..support.notebooks import code, notebook

_AFTER = (
    "import os, pathlib\n(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / 'after.txt').write_text('after')"
)
_OUT = "import os, pathlib\nout = pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR'])\n"

OLD = json.dumps({
    "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"},
    "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "input": "print('from', 2013)", "outputs": [], "language": "python"},
        {"cell_type": "heading", "level": 1, "source": "A heading"},
    ]}],
}).encode()  # fmt: skip

LOUD = """
import time
end = time.monotonic() + 1.0
while time.monotonic() < end:
    print("a line that says little, again and again and again" * 20)
"""
DISPLAYS = (
    "from IPython.display import HTML, display\nfor n in range(3000): display(HTML(f'<b>number {n}</b>'))"
)
LARGE_DISPLAYS = "from IPython.display import HTML, display\nfor n in range(60): display(HTML('x' * 10**6))"
BYTES = r"""
import os, subprocess, sys, time
os.write(1, b"raw \xff\xfe end\n")
subprocess.run(["printf", r"child \377\376 end\n"])
time.sleep(0.1)
"""
BYTES_SCRIPT = rb"""
import sys
sys.stdout.buffer.write(bytes(range(256)) + b"\nafter\n")
sys.stderr.buffer.write(b"\xc3\x28 \xed\xa0\x80 \xf0\x9f\x98\n")
"""
ESCAPES = r"""
print("\x1b[31mred\x1b[0m \x1b[1;38;5;46mgreen\x1b[m plain")
print("\x1b]0;a title\x07\x1b]8;;http://example.org\x07a link\x1b]8;;\x07 \x1b[2J\x1b[3;1Hmoved\x1bc\x07 \x1bP1;2q#0\x1b\\ bell")
print("\x1b]52;c;Y2xpcGJvYXJk\x07clipboard \x9b31m \x1b[?1049h \x1b]0;without an end")
import sys
for piece in ("\x1b", "]0;in pie", "ces\x07", "whole\n"):
    sys.stdout.write(piece)
    sys.stdout.flush()
    import time; time.sleep(0.1)
"""
LINKS = (
    _OUT
    + r"""
import socket
os.chdir(out)
(out / "plain.txt").write_text("plain")
os.symlink("/etc/passwd", "link-to-file")
os.symlink("/etc", "link-to-folder")
os.symlink("/nightdesk/in/job.json", "link-to-job")
os.symlink("plain.txt", "link-inside")
os.symlink("..", "link-up")
os.symlink("link-to-itself", "link-to-itself")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
os.mkfifo("pipe\n[nightdesk] forged \x1b]0;title\x07")
for number in range(300):
    os.mkfifo(f"z-pipe-{number}")
try:
    os.mknod("device", 0o600 | 0o060000, os.makedev(8, 0))
except PermissionError as error:
    print("no device:", error)
"""
)
NAMES = [
    "emoji \U0001f600.txt", "joined \U0001f469\u200d\U0001f467.txt", "e\u0301 combined.txt", "\u00e9 composed.txt", "x" * 255,
    "😀" * 63, "new\nline.txt", "\r",
    "\u05e9\u05dc\u05d5\u05dd.txt", "\u202egnp.html", " lead and trail ", "-rf", "%2e%2e%2f", "q?x=1#y&z", "back\\slash",
    "{run}", "{x}/..x/y", "..hidden", "quote\"'<b>", "A.txt", "a.txt", "\uff21.txt", "deep/" * 20 + "file",
]  # fmt: skip
LEAVES_NAMES = (
    _OUT
    + """
for name in json.loads(NAMES):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("content of " + name)
(out / os.fsdecode(b"no text \\xff")).write_text("x")
(out / ("folder/" * 20 + ("x" * 250 + "/") * 4)).mkdir(parents=True)
(out / ("folder/" * 20 + ("x" * 250 + "/") * 4 + "f")).write_text("x")
"""
)
MANY_FILES = _OUT + "for n in range(1000): (out / f'{n:04}').touch()"
TWICE = "import os\nprint('started as', os.environ['NIGHTDESK_RUN_ID'])"
FORKS = """
import os, time
made = 0
try:
    while True:
        if os.posix_spawn("/bin/sleep", ["sleep", "600"], {}):
            made += 1
except OSError as error:
    print("stopped after", made, type(error).__name__, error)
"""
THREADS = """
import threading, time
made = 0
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        made += 1
except RuntimeError as error:
    print("stopped after", made, error)
"""

# Everything that runs, loads, sends or leads away by itself or when it is pressed. None of it may.
CANARY = "/services/nightdesk/api/v1/user?canary"
HARM = f"""
<script>document.title = "RAN"; document.cookie = "ran=1"; fetch("{CANARY}")</script>
<img src="{CANARY}" onerror="document.title='RAN'"><img src=x onerror="fetch('{CANARY}')">
<svg onload="document.title='RAN'"><script>document.title='RAN'</script><image href="{CANARY}"/></svg>
<iframe id="framed" src="{CANARY}"></iframe><iframe srcdoc="<script>parent.document.title='RAN'</script>"></iframe>
<object data="{CANARY}"></object><embed src="{CANARY}"><video src="{CANARY}" autoplay></video>
<link rel="stylesheet" href="{CANARY}"><link rel="prefetch" href="{CANARY}"><style>@import "{CANARY}";</style>
<style>body {{ background: url({CANARY}) }}</style><base href="http://127.0.0.1:9/">
<meta http-equiv="refresh" content="0; url={CANARY}">
<form action="{CANARY}" method="post"><button id="submit">send</button></form>
<button id="button" onclick="document.title='RAN'">press</button>
<a id="script-link" href="javascript:document.title='RAN'">follow</a>
<details open ontoggle="document.title='RAN'">x</details><input autofocus onfocus="document.title='RAN'">
<math href="javascript:document.title='RAN'">x</math><body onload="document.title='RAN'">
"""
SVG = (
    f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1">'
    f'<script>fetch("{CANARY}")</script><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{CANARY}"/>'
    "</foreignObject></svg>"
)
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title><script>fetch("{CANARY}")</script></head></html>'
HARMFUL_FILES = {
    "page.html": f"<!doctype html><title>calm</title>{HARM}",
    "page.htm": HARM,
    "page.HTML": HARM,
    "page.xhtml": XHTML,
    "page.xml": XHTML,
    "page.svg": SVG,
    "page.svgz": SVG,
    "page.js": f'fetch("{CANARY}")',
    "page.mhtml": HARM,
    "page.pdf": "%PDF-1.4 " + HARM,
    "page.txt": HARM,
    "page.json": HARM,
    "page.png": HARM,
    "page": HARM,
    "page.html;x=.txt": HARM,
    "page.shtml": HARM,
    "page.hta": HARM,
    "page.swf": HARM,
}
LEAVES_HARM = (
    _OUT
    + f"""
for name, content in {HARMFUL_FILES!r}.items():
    (out / name).write_text(content)
"""
)
SHOWS_HARM = f"""
from IPython.display import HTML, IFrame, Javascript, Markdown, Math, SVG, display
display(HTML({HARM!r}), Javascript("document.title = 'RAN'"), SVG({SVG.partition("?>")[2]!r}), Markdown({HARM!r}))
display(IFrame({CANARY!r}, 100, 100), Math(r"\\href{{javascript:document.title='RAN'}}{{x}}"))
display({{"text/html": {HARM!r}, "image/svg+xml": {HARM!r}, "text/latex": {HARM!r}, "application/javascript": "1"}}, raw=True)
display({{"application/vnd.jupyter.widget-view+json": {{"model_id": "<script>"}}, "text/plain": "x"}}, raw=True)
"""
MARKDOWN = {
    "cell_type": "markdown",
    "metadata": {},
    "source": HARM + "[link](javascript:document.title='RAN')",
}

# name: source, file, and what else the submission says
SUBMITTED: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "old format": (OLD, "old.ipynb", {}),
    "no kernel": (notebook("print('which kernel?')", kernel=None), "no_kernel.ipynb", {}),
    "loud": (notebook(*[LOUD] * 4, _AFTER), "loud.ipynb", {}),
    "long line": (notebook("print('x' * 50_000_000)", _AFTER), "line.ipynb", {"size": "small"}),
    "displays": (notebook(DISPLAYS, "print('after')"), "displays.ipynb", {}),
    "large displays": (notebook(LARGE_DISPLAYS, "print('after')"), "large.ipynb", {}),
    "bytes": (notebook(BYTES, "print('after')"), "bytes.ipynb", {}),
    "bytes of a script": (BYTES_SCRIPT, "bytes.py", {}),
    "escapes": (notebook(ESCAPES, "print('after')"), "escapes.ipynb", {}),
    "links": (notebook(LINKS, "print('after')"), "links.ipynb", {}),
    "names": (
        notebook(f"import json\nNAMES = {json.dumps(json.dumps(NAMES))}\n{LEAVES_NAMES}"), "names.ipynb", {},
    ),
    "harmful": (
        notebook(MARKDOWN, LEAVES_HARM, SHOWS_HARM, f"print({HARM!r})", "print('the harmless end')"), "harmful.ipynb", {},
    ),
    "many files": (notebook(MANY_FILES), "many.ipynb", {}),
    "expected": (notebook(code("1 / 0", "raises-exception"), "print('after')"), "expected.ipynb", {}),
    "exit": (notebook("print(1)", "import sys\nsys.exit(0)", "print(3)"), "exit.ipynb", {}),
    "exit at the end": (notebook("print(1)", "import sys\nsys.exit(0)"), "exit_last.ipynb", {}),
    "os exit": (notebook("print(1)", "import os\nos._exit(0)", "print(3)"), "os_exit.ipynb", {}),
}  # fmt: skip
