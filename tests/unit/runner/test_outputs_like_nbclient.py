"""Outputs are assembled as nbclient does it, for messages in any order and for a real kernel."""

from __future__ import annotations

import copy
import random
import re
from typing import Any

import nbclient
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.runner.limits import Allowance, Quota
from nightdesk.runner.outputs import Displays, Outputs
from nightdesk.runner.room import Room, Space

from .run_folder import RunFolder, notebook

IDS = st.sampled_from(["a", "b"])
DATA = st.fixed_dictionaries({"text/plain": st.sampled_from(["1", "two\nlines", "é"])})


def _their(document: dict[str, Any]) -> Any:
    copied = copy.deepcopy(document)
    return nbformat.from_dict(copied)  # type: ignore[no-untyped-call]


def _message(kind: str, **content: Any) -> dict[str, Any]:
    return {
        "msg_type": kind,
        "header": {"msg_type": kind},
        "parent_header": {"msg_id": "1"},
        "content": content,
    }


def _display(kind: str, display_id: str | None, data: dict[str, str]) -> dict[str, Any]:
    extra = {"execution_count": 1} if kind == "execute_result" else {}
    return _message(
        kind, data=data, metadata={}, transient={"display_id": display_id} if display_id else {}, **extra
    )


MESSAGES = st.one_of(
    st.builds(
        lambda name, text: _message("stream", name=name, text=text),
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from(["a", "b\n", "c\nd", "\n"]),
    ),
    st.builds(_display, st.sampled_from(["display_data", "execute_result"]), st.none() | IDS, DATA),
    st.builds(_display, st.just("update_display_data"), IDS, DATA),
    st.builds(lambda wait: _message("clear_output", wait=wait), st.booleans()),
    st.just(_message("error", ename="E", evalue="v", traceback=["one", "two\nthree"])),
)


def _merged(outputs: list[Any]) -> list[dict[str, Any]]:
    """One form for both: texts joined, neighbouring pieces of one stream as one output."""
    made: list[dict[str, Any]] = []
    for output in copy.deepcopy([dict(each) for each in outputs]):
        if output["output_type"] == "stream":
            output["text"] = "".join(output["text"])
            if made and made[-1].get("name") == output["name"]:
                made[-1]["text"] += output["text"]
                continue
        if "data" in output:
            output["data"] = {mime: "".join(value) for mime, value in output["data"].items()}
        made.append(output)
    return made


@given(st.lists(st.tuples(st.integers(0, 1), MESSAGES), max_size=30))
def test_any_messages(messages: list[tuple[int, dict[str, Any]]]) -> None:
    document = _their(notebook("one", "two"))
    client = nbclient.NotebookClient(document, record_timing=False)
    client.clear_before_next_output = False
    displays = Displays()
    quota = Quota(10**9, "")
    ours = [Outputs([], displays, Allowance(quota), Room(Space(10**6, ""))) for _ in document.cells]
    current = 0
    for index, message in messages:
        if index != current:  # nbclient forgets a delayed clear when the next cell begins
            client.clear_before_next_output = False
            ours[current]._clear_at_next = False
        current = index
        client.process_message(copy.deepcopy(message), document.cells[index], index)
        content = copy.deepcopy(message["content"])
        if message["msg_type"] == "stream":
            ours[index].stream(content["name"], content["text"])
        elif message["msg_type"] == "clear_output":
            ours[index].clear(content["wait"])
        elif message["msg_type"] == "update_display_data":
            displays.update(content["transient"]["display_id"], content)
        else:
            ours[index].add(message["msg_type"], content)
    for index, cell in enumerate(document.cells):
        ours[index].settle()
        assert _merged(ours[index].items) == _merged(cell.outputs)


PIECES = [
    "print('one')",
    "print('two', end='')",
    "import sys; print('err', file=sys.stderr)",
    "display({'text/html': '<b>x</b>', 'text/plain': 'x'}, raw=True)",
    "handle = display('first', display_id=True); handle.update('second')",
    "shown = display('kept', display_id='shared')",
    "from IPython.display import update_display; update_display('changed', display_id='shared')",
    "from IPython.display import clear_output; print('gone'); clear_output()",
    "from IPython.display import clear_output; print('gone'); clear_output(wait=True); print('stays')",
    "from IPython.display import SVG, Javascript, Markdown; display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))",
    "display(Markdown('# é 😀'), {'a': [1, 2]})",
    "1 + 1",
    "None",
    "'text\\nof\\nlines'",
    "1 / 0",
    "def broken(: pass",
    "raise ValueError('é')",
    "for i in range(100): print(i)",
    "print('\\x1b[31mred\\x1b[0m')",
    "!echo from a shell",
    "import os, time; os.system('echo raw'); time.sleep(0.1)",
    "import warnings; warnings.warn_explicit('careful', UserWarning, 'file.py', 1)",
]


def test_a_real_kernel(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel behaves otherwise where it sees this
    pick = random.Random(7)  # noqa: S311
    mixed = ["\n".join(pick.sample(PIECES[:10], 3)) for _ in range(12)]
    document = notebook("%xmode Minimal", *PIECES, *mixed, allow_errors=True)
    folder.notebook(document)
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.reason
    theirs = _their(document)
    nbclient.NotebookClient(theirs, kernel_name="python3", allow_errors=True).execute()
    for ours, cell in zip(ended.document["cells"], theirs.cells, strict=True):
        assert _merged(ours["outputs"]) == _merged(cell.outputs), ours["source"]
        assert ours["execution_count"] == cell.execution_count
        assert set(cell.metadata.execution) <= set(ours["metadata"]["execution"])
    assert ended.document["metadata"]["language_info"] == theirs.metadata.language_info
    nbformat.validate(ended.document)


def test_code_sees_the_same_world(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    document = notebook(
        # Our own, and what a debugger leaves that a run does not have.
        "OURS = ('NIGHTDESK', 'JPY', 'PYDEVD')",
        "import os, sys, signal; print(sys.path, sys.flags, sys.argv[0], sorted(globals()))",
        "print({name: value for name, value in os.environ.items() if name.split('_')[0] not in OURS})",
        "print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)])",
        "print(os.isatty(0), sys.stdout.fileno() > 2, sys.stdin.read(), os.getpgid(0) == os.getpid())",
    )
    folder.notebook(document)
    ended = folder.run()
    theirs = _their(document)
    resources = {"metadata": {"path": str(folder.root / "work")}}
    nbclient.NotebookClient(theirs, kernel_name="python3", resources=resources).execute()
    for index, cell in enumerate(theirs.cells):
        ours, other = ended.shown(index), "".join(output["text"] for output in cell.outputs)
        assert re.sub("0x[0-9a-f]+|, '__session__'", "", ours) == re.sub("0x[0-9a-f]+", "", other)
