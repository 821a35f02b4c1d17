"""What cells print, by whatever way: shown once, in order, within bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from .run_folder import Ended, RunFolder, notebook

Execute = Callable[..., Ended]


def test_raw_output_of_child_processes(execute: Execute) -> None:
    ended = execute(
        "import os, time\nos.system('echo raw; echo oops >&2'); time.sleep(0.1)",
        # in one piece: `print` writes the line's end by itself, and another process's text may come between
        "import subprocess, sys\nsubprocess.run(['echo', 'child'])\nsys.stdout.write('print\\n'); sys.stdout.flush()",
        "os.write(1, b'bytes \\xff\\xfe end\\n'); time.sleep(0.1)",
    )
    assert ended.text(cell=1) == ended.shown(0) == "raw\n"
    assert ended.text("stderr", cell=1) == ended.shown(0, "stderr") == "oops\n"
    assert sorted(ended.shown(1).split()) == ["child", "print"]
    assert ended.text(cell=3) == ended.shown(2) == "bytes \ufffd\ufffd end\n"


def test_raw_output_that_comes_behind_the_last_cell(execute: Execute) -> None:
    slow = """
import os, sys, time
class Slow(type(sys.stdout)):
    _should_watch = property(lambda self: time.sleep(0.03) or True)  # asked by the thread for each piece it read
sys.stdout.__class__ = Slow
"""
    ended = execute(slow, "os.write(1, b'late\\n');")
    assert ended.text(cell=2) == ended.shown(1) == "late\n"


def test_raw_output_that_ipykernel_does_not_see(execute: Execute) -> None:
    source = """
import os, subprocess, sys
print("printed")
subprocess.run(["echo", "direct"], stdout=sys.stdout)
os.system("echo captured; echo é")
subprocess.run("echo oops >&2; echo second", shell=True, stdout=sys.stdout, stderr=sys.stderr)
"""
    ended = execute(source, "print('next')", "subprocess.run(['echo', 'last'], stdout=sys.stdout);")
    assert sorted(ended.shown(0).split()) == sorted(["printed", "captured", "é", "direct", "second"])
    assert ended.shown(0, "stderr") == "oops\n"
    assert ended.shown(1) == "next\n"
    assert ended.shown(2) == "last\n"
    assert sorted(ended.text(cell=1)) == sorted(ended.shown(0))


def test_a_flood_of_raw_output_is_shown_once(execute: Execute) -> None:
    ended = execute("import os\nos.system('seq 1 60000');", limits={"cell_stream_bytes": 400_000})
    numbers = ended.shown(0).split()
    assert numbers == [str(number) for number in range(1, 60001)]
    assert ended.text().split() == numbers


def test_raw_output_of_a_kernel_that_does_not_relay_it(execute: Execute, folder: RunFolder) -> None:
    folder.env["PYTEST_CURRENT_TEST"] = "makes ipykernel leave its descriptors alone"
    ended = execute(
        "import os\nos.system('echo raw; echo oops >&2; printf \"\\\\377\\\\n\"');", "print('clean')"
    )
    assert ended.text(cell=1) == ended.shown(0) == "raw\n\ufffd\n"
    assert ended.text("stderr", cell=1) == ended.shown(0, "stderr") == "oops\n"
    assert ended.shown(1) == "clean\n"


def test_any_character_survives(execute: Execute) -> None:
    text = "é 😀 e\u0301 \u202eabc\u202c \u2028 \x00 \x1b[31mred\x1b[0m"
    ended = execute(
        f"print({text!r})", "print('\\ud800\\udcff')", f"{text!r}", "float('nan')", f"x = '{text[:12]}'  # 😀"
    )
    assert ended.outcome == "succeeded"
    assert ended.text(cell=1) == ended.shown(0) == text + "\n"
    assert ended.document["cells"][4]["source"].endswith("# 😀")


def test_text_of_threads_reaches_the_cell_that_started_them(execute: Execute) -> None:
    late = "import threading, time\n"
    late += "thread = threading.Thread(target=lambda: (time.sleep(0.5), print('late')))\nthread.start()"
    ended = execute(late, "thread.join(); time.sleep(0.3)")
    assert (ended.shown(0) + ended.shown(1)) == "late\n"
    assert ended.outcome == "succeeded"


def test_endless_printing_is_cut_and_the_run_goes_on(execute: Execute) -> None:
    limits = {"cell_stream_bytes": 20_000, "run_stream_bytes": 50_000, "line_bytes": 1_000}
    flood = "for i in range(30_000): print('x' * 50)"
    ended = execute(flood, flood, flood, flood, "print('end')\n42", limits=limits)
    assert ended.outcome == "succeeded"
    for index in (0, 1):
        assert 20_000 < len(ended.text(cell=index + 1)) < 20_200
        assert ended.text(cell=index + 1).endswith(
            "20,000 bytes of printed output in this cell; the run goes on]\n"
        )
        assert ended.shown(index) == ended.text(cell=index + 1)
    assert ended.shown(2).endswith("50,000 bytes of printed output in this run; the run goes on]\n")
    assert ended.shown(3).count("nightdesk") == ended.text(cell=4).count("nightdesk") == 1
    assert ended.outputs(4)[-1]["data"]["text/plain"] == ["42"]
    assert len(ended.of("stream")) < 100


def test_one_enormous_line(execute: Execute) -> None:
    largest = (
        "import os\n"
        "for pid in os.getpid(), os.getppid():\n"
        "    print(open(f'/proc/{pid}/status').read().split('VmHWM:')[1].split()[0])"
    )
    ended = execute(
        "print('y' * 50_000_000)\nprint('next')", "import sys; sys.stdout.write('z' * 150_000);", largest
    )
    assert ended.outcome == "succeeded"
    line, after, rest = ended.shown(0).split("\n")
    assert line == "y" * 100_000 + " [nightdesk: line cut after 100,000 bytes]"
    assert (after, rest) == ("next", "")
    assert (
        ended.text(cell=2) == ended.shown(1) == "z" * 100_000 + " [nightdesk: line cut after 100,000 bytes]"
    )
    kernel, itself = (int(kilobytes) for kilobytes in ended.shown(2).split())
    assert max(kernel, itself) < 500_000


def test_text_is_relayed_while_the_cell_runs_and_in_few_pieces(folder: RunFolder) -> None:
    source = (
        "import time\nfor i in range(400):\n    print(i, flush=True)\n    time.sleep(0.002)\ntime.sleep(1)"
    )
    folder.notebook(notebook(source))
    running = folder.start()
    first = running.wait_for("stream")
    assert time.time() - first["t"] < 0.5
    ended = running.end()
    assert ended.text() == "".join(f"{i}\n" for i in range(400))
    assert len(ended.of("stream")) < 60
    gaps = [b["t"] - a["t"] for a, b in zip(ended.of("stream"), ended.of("stream")[1:], strict=False)]
    assert min(gaps[:-1]) > 0.03


def test_a_progress_bar_costs_little_and_ends_complete(execute: Execute) -> None:
    bar = "import sys, time\nfor i in range(1000):\n    sys.stderr.write(f'\\r{i:4} of 999')\n    sys.stderr.flush()\n"
    ended = execute(bar + "    time.sleep(0.001)\nsys.stderr.write('\\n')\nprint('done')")
    assert ended.shown(0, "stderr") == " 999 of 999\n"
    assert ended.text("stderr").endswith("\r 999 of 999\n")
    assert len(ended.of("stream")) <= 6


def test_live_displays_are_not_cut_by_what_they_cleared(execute: Execute) -> None:
    source = "from IPython.display import clear_output\nfor i in range(300):\n    clear_output(wait=True)\n"
    ended = execute(source + "    print(i, 'x' * 100)", limits={"cell_stream_bytes": 5_000})
    assert ended.shown(0) == "299 " + "x" * 100 + "\n"
    assert "[nightdesk: cut" in ended.text()


def test_thousands_of_displays(execute: Execute) -> None:
    start = time.monotonic()
    ended = execute(
        "for i in range(3000): display(i)", "handle = display(0, display_id=True)", "handle.update(7)"
    )
    assert len(ended.outputs(0)) == 3000
    assert ended.outputs(1)[0]["data"] == {"text/plain": ["7"]}
    assert time.monotonic() - start < 20


def test_nothing_but_events_on_stdout_whatever_is_printed(execute: Execute) -> None:
    ended = execute(
        "import os\nos.system('echo one; echo two >&2')\nos.write(2, b'three\\n')\nprint('{\"n\": 1}')"
    )
    assert ended.outcome == "succeeded"
    assert ended.stderr == ""


def test_a_reader_that_went_away_does_not_stop_the_run(folder: RunFolder) -> None:
    folder.notebook(
        notebook(
            "import time\nfor i in range(10): print(i, flush=True); time.sleep(0.05)", "open('end', 'w')"
        )
    )
    running = folder.start()
    running.wait_for("started")
    assert running.process.stdout
    running.process.stdout.close()
    running.process.stdout = None
    assert running.process.wait(30) == 0
    assert json.loads((folder.root / "result/result.json").read_bytes())["outcome"] == "succeeded"
    running.process.communicate()


def test_the_notebook_is_saved_while_a_cell_runs(folder: RunFolder) -> None:
    folder.notebook(notebook("print('first')", "import time\nprint('half way', flush=True)\ntime.sleep(30)"))
    running = folder.start()
    saved = folder.root / "result/notebook.ipynb"
    end = time.monotonic() + 15
    while time.monotonic() < end and "half way\\n" not in (saved.read_text() if saved.exists() else ""):
        time.sleep(0.05)
    assert time.monotonic() < end, "not saved"
    assert "first\\n" in saved.read_text()
    running.terminate()
    assert running.end().outcome == "terminated"


@pytest.mark.parametrize(
    "source",
    [
        "for _ in range(150): print('x' * 1_000_000)",
        "print('x' * 150_000_000)",
        "for n in range(100_000): print('a line that says little, again and again' * 30)",
        "import sys\nfor n in range(100_000): print('to the other stream, again and again' * 30, file=sys.stderr)",
        "for n in range(50_000): print('\\r' + 'a bar that goes on and on ' * 40 + str(n), end='')",
        "import threading\n"
        "many = [threading.Thread(target=lambda: [print('x' * 100_000) for _ in range(300)]) for _ in range(4)]\n"
        "for each in many: each.start()\nfor each in many: each.join()",
    ],
    ids=["long lines", "one line", "lines", "stderr", "a bar", "threads"],
)
def test_printing_without_end_fills_no_memory(execute: Execute, source: str) -> None:
    ended = execute(source, "print('after', file=open('after', 'w'))")
    assert ended.outcome == "succeeded", ended.reason
    assert (ended.folder / "work/after").exists()
    own = 150_000_000 if "150_000_000" in source else 0
    assert ended.finished["peak_memory_bytes"] - own < 120_000_000
