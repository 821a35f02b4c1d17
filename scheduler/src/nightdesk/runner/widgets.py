"""What the notebook file keeps of ipywidgets: each model's last state, and what Output widgets captured."""

from __future__ import annotations

from .limits import Allowance, Quota
from .outputs import Displays, Outputs
from .room import Room, Space, weight_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .wire import Channels, Message

STATE_TYPE = "application/vnd.jupyter.widget-state+json"


class Widgets:
    """Follows the comm messages of a kernel and stands in for the front end of its Output widgets."""

    def __init__(self, channels: Channels, displays: Displays, run_bytes: int, shown: Space) -> None:
        self._channels = channels
        self._displays = displays
        self._quota = Quota(run_bytes, "in this run")
        self._room = Room(shown)
        self._states: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[str, dict[str, Any]]] = {}
        self._captures: dict[str, list[str]] = {}
        self._outputs: dict[str, Outputs] = {}

    def handle(self, message: Message) -> None:
        """A `comm_open` or `comm_msg` message."""
        comm = message.content["comm_id"]
        data = message.content.get("data") or {}
        state = data.get("state")
        if not isinstance(state, dict):
            return
        known = self._states.setdefault(comm, {})
        paths = data.get("buffer_paths") or []
        if not self._has_room(comm, state, paths, message.buffers):
            return  # it stays as it was: a state too large is no more for a file than a picture too large
        known.update(state)
        self._keep_buffers(comm, paths, message.buffers)
        if known.get("_model_name") == "OutputModel" and "msg_id" in state:
            self._capture(comm, state["msg_id"])

    def _has_room(self, comm: str, state: dict[str, Any], paths: list[Any], buffers: list[bytes]) -> bool:
        known, kept = self._states[comm], self._buffers.get(comm, {})
        before = {key: known[key] for key in state if key in known}
        replaced = sum(len(kept[repr(path)]["data"]) for path in paths if repr(path) in kept)
        return self._room.take(
            weight_of({"data": state}) + sum(map(len, buffers)) * 4 // 3,
            instead_of=(weight_of({"data": before}) if before else 0) + replaced,
        )

    def _keep_buffers(self, comm: str, paths: list[Any], buffers: list[bytes]) -> None:
        if not paths:
            return
        import base64

        kept = self._buffers.setdefault(comm, {})
        for path, buffer in zip(paths, buffers):
            data = base64.b64encode(buffer).decode("ascii")
            kept[repr(path)] = {"path": path, "encoding": "base64", "data": data}

    def _capture(self, comm: str, request: str) -> None:
        """From now on the outputs of `request` belong to the widget; none of them with an empty one."""
        for captured in self._captures.values():
            if comm in captured:
                captured.remove(comm)
        if request:
            self._captures.setdefault(request, []).append(comm)
            if comm not in self._outputs:
                self._outputs[comm] = Outputs([], self._displays, Allowance(self._quota), self._room)
        else:
            self.sync()

    def outputs_for(self, request: str | None) -> Outputs | None:
        """Where the outputs of a request go, when a widget has asked for them."""
        comms = self._captures.get(request or "")
        return self._outputs[comms[-1]] if comms else None

    def sync(self) -> None:
        """Tell the kernel what its Output widgets hold, as a front end does; at a cell's end is soon enough."""
        for comm, outputs in self._outputs.items():
            outputs.settle()
            if outputs.items != self._states[comm].get("outputs"):
                self._states[comm]["outputs"] = list(outputs.items)
                state = {"method": "update", "state": {"outputs": outputs.items}, "buffer_paths": []}
                self._channels.request("comm_msg", {"comm_id": comm, "data": state})

    def metadata(self) -> dict[str, Any]:
        """For the notebook's metadata; empty without widgets."""
        models = {
            comm: self._model(comm, state) for comm, state in self._states.items() if "_model_name" in state
        }
        if not models:
            return {}
        return {"widgets": {STATE_TYPE: {"state": models, "version_major": 2, "version_minor": 0}}}

    def _model(self, comm: str, state: dict[str, Any]) -> dict[str, Any]:
        model = {
            "model_name": state.get("_model_name"),
            "model_module": state.get("_model_module"),
            "model_module_version": state.get("_model_module_version"),
            "state": state,
        }
        if self._buffers.get(comm):
            model["buffers"] = list(self._buffers[comm].values())
        return model
