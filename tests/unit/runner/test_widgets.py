"""What is kept of widgets, with a comm of our own in the place of ipywidgets."""

from __future__ import annotations

from collections.abc import Callable

from .run_folder import Ended

STATE = "application/vnd.jupyter.widget-state+json"
MODEL = """
import sys
from comm import create_comm

def model(name, **state):
    state = {"_model_name": name, "_model_module": "m", "_model_module_version": "1", **state}
    return create_comm(target_name="jupyter.widget", data={"state": state, "buffer_paths": []})

def update(comm, **state):
    sys.stdout.flush()  # as an Output widget does
    comm.send({"method": "update", "state": state, "buffer_paths": []})
"""


def test_the_last_state_is_kept(execute: Callable[..., Ended]) -> None:
    ended = execute(
        MODEL,
        "bar = model('FloatProgressModel', value=0)\nfor value in range(5): update(bar, value=value)",
        "bar.send({'method': 'update', 'state': {}, 'buffer_paths': [['data']]}, buffers=[b'\\x00\\x01'])",
        "other = create_comm(target_name='other', data={'words': 'no state'})",
    )
    assert ended.outcome == "succeeded", ended.reason
    kept = ended.document["metadata"]["widgets"][STATE]
    assert kept["version_major"] == 2
    (model,) = kept["state"].values()
    assert (model["model_name"], model["model_module"], model["model_module_version"]) == (
        "FloatProgressModel",
        "m",
        "1",
    )
    assert model["state"]["value"] == 4
    assert model["buffers"] == [{"path": ["data"], "encoding": "base64", "data": "AAE="}]


def test_output_widgets_capture(execute: Callable[..., Ended]) -> None:
    ended = execute(
        MODEL + "out = model('OutputModel', outputs=[], msg_id='')\nheard = []\nout.on_msg(heard.append)",
        "print('before')\nrequest = get_ipython().kernel.get_parent()['header']['msg_id']\n"
        "update(out, msg_id=request)\nprint('inside')\ndisplay(7)\nprint('gone')\n"
        "get_ipython().display_pub.clear_output(wait=True)\nprint('captured')\nupdate(out, msg_id='')\nprint('after')",
        "import time\nprint(heard[-1]['content']['data']['state']['outputs'][-1]['text'])",
    )
    assert ended.outcome == "succeeded", ended.reason
    assert ended.shown(1) == "before\nafter\n"
    assert "inside" in ended.text(cell=2)
    (model,) = ended.document["metadata"]["widgets"][STATE]["state"].values()
    assert model["state"]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": ["captured\n"]}]
    assert ended.text(cell=3) == "['captured\\n']\n"


def test_a_notebook_without_widgets_has_none(execute: Callable[..., Ended]) -> None:
    assert "widgets" not in execute("1").document["metadata"]
