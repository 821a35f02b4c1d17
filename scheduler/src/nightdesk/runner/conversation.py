"""The talk with a kernel: what it sends is routed to the cell that asked for it, whenever it comes."""

from __future__ import annotations

import time

from .document import Cell, Notebook
from .events import Events
from .job import Job
from .kernel import Kernel
from .raw_output import NEVER, PATIENCE, STREAMS, Echo
from .signals import Signals
from .streams import Streams
from .wire import Channels, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .outputs import Outputs
    from .widgets import Widgets

AT_ONCE = 200


class Request:
    """An execute request under way: its reply's content, and whether the kernel has said `idle` after it."""

    def __init__(self, cell: Cell | None) -> None:
        self.cell = cell
        self.reply: dict[str, Any] | None = None
        self.idle = False
        self.texts: dict[str, str] = {}
        """What was printed, by stream, when no cell shows it."""

    @property
    def done(self) -> bool:
        return self.reply is not None and self.idle


class Conversation:
    """One kernel, and the notebook that its messages change."""

    def __init__(
        self, job: Job, kernel: Kernel, notebook: Notebook, events: Events, signals: Signals
    ) -> None:
        self.kernel = kernel
        self.channels = Channels(kernel.connection)
        self.streams = Streams(self._deliver, job.line_bytes, events.masks)
        self._masks = events.masks
        self.info: dict[str, Any] = {}
        """The content of the kernel's `kernel_info_reply`; empty before it is ready."""
        self.heard = False
        """Whether the iopub channel carries messages yet."""
        self.changed = True
        """Whether the notebook differs from what was saved; whoever saves sets it back."""
        self._notebook = notebook
        self._events = events
        self._signals = signals
        self._run_bytes = job.run_stream_bytes
        self._requests: dict[str, Request] = {}
        self._running: Cell | None = None
        self.question: str | None = None
        """What the kernel asked the user, although it was told that there is none."""
        self.relays = False
        """Whether the kernel publishes itself what is written to its descriptors."""
        self._echoes = {name: Echo() for name in STREAMS}
        self._widgets: Widgets | None = None
        self.channels.watch(signals.fd)
        for pipe in kernel.pipes:
            self.channels.watch(pipe.fd)

    def execute(self, cell: Cell) -> Request:
        """Ask the kernel to execute a cell."""
        self.streams.begin()
        self._running = cell
        content = _execute_content(cell.source, stop_on_error=not cell.may_fail)
        metadata = {"cellId": cell.node["id"]} if "id" in cell.node else {}
        cell.request = self.channels.request("execute_request", content, metadata)
        self._requests[cell.request] = Request(cell)
        return self._requests[cell.request]

    def execute_silently(self, code: str) -> Request:
        """Ask for something of our own that no cell shows."""
        content = {**_execute_content(code), "silent": True, "store_history": False}
        request = Request(None)
        self._requests[self.channels.request("execute_request", content)] = request
        return request

    def ask_for_info(self) -> None:
        self.channels.request("kernel_info_request", {})

    def finish_cell(self) -> None:
        """Everything that the running cell has sent is shown; late messages still find their cell."""
        for _ in range(AT_ONCE):
            if not self._read_pipes():
                break
        self.streams.flush()
        cell, self._running = self._running, None
        if cell and cell.outputs.left_out:  # the notebook has the same words where they belong
            self._events.emit("stream", cell=cell.number, name="stderr", text=cell.outputs.left_out)
        if self._widgets:
            self._widgets.sync()
            self._notebook.metadata.update(self._masks.value(self._widgets.metadata()))

    def take(self, until: float) -> None:
        """Wait for messages, output, signals or the end of the kernel, at most until `until`, and handle them."""
        due = min(self.streams.due, *(echo.due for echo in self._echoes.values()))
        self.channels.wait(min(until, due) - time.monotonic())
        self._signals.clear()
        for _ in range(AT_ONCE):
            message = self.channels.published()
            if message is None:
                break
            self._published(message)
        self.kernel.heard.tell()
        while True:
            message = self.channels.reply()
            if message is None:
                break
            self._replied(message)
        question = self.channels.question()
        if question:
            self.question = question.content.get("prompt", "")
        self.channels.drain_control()
        self._read_pipes()
        self._relay_unpublished(time.monotonic() - PATIENCE)
        self.streams.flush_due()

    def finish(self) -> None:
        """Nothing more is expected of the kernel: show what it has not published and what is held back."""
        self._relay_unpublished()
        self.streams.flush()

    def _read_pipes(self) -> bool:
        """Take what is in the kernel's pipes; False when there was nothing."""
        found = False
        for pipe in self.kernel.pipes:
            if not pipe.open:
                continue
            text = pipe.read()
            found = found or bool(text)
            if not pipe.open:
                self.channels.unwatch(pipe.fd)
            if self._running and self.relays:
                self._echoes[pipe.name].hear(time.monotonic(), self._running, text)
            elif self._running:
                self.streams.write(self._running, pipe.name, text)
        return found

    def _relay_unpublished(self, before: float = NEVER) -> None:
        for name, echo in self._echoes.items():
            if echo.due - PATIENCE <= before:
                for cell, text in echo.unpublished(before):
                    self.streams.write(cell, name, text)

    def _replied(self, message: Message) -> None:
        if message.type == "kernel_info_reply":
            self.info = message.content
            self.relays = self.kernel.relays_its_own_output()
        request = self._requests.get(message.parent or "")
        if request is None or message.type != "execute_reply":
            return
        request.reply = self._masks.value(message.content)
        if request.cell:
            request.cell.note_time("shell.execute_reply", message.date)
            request.cell.note_time("shell.execute_reply.started", message.metadata.get("started"))
            if message.content.get("execution_count") is not None:
                request.cell.node["execution_count"] = message.content["execution_count"]

    def _published(self, message: Message) -> None:
        self.heard = True
        request = self._requests.get(message.parent or "")
        if message.type == "stream":
            self.kernel.heard.take(message.size)
        if message.type == "stream" and request and self._is_enough(request.cell):
            return  # unread: who prints without end prints faster than anybody can read
        content = message.content
        if message.type == "stream":
            self._echoes[content["name"]].publish(content["text"])
        if request is None:
            return
        if message.type == "status":
            state = content["execution_state"]
            request.idle = request.idle or state == "idle"
            if request.cell and state in ("busy", "idle"):
                request.cell.note_time(f"iopub.status.{state}", message.date)
        elif request.cell:
            self.changed = True
            self._shown(request.cell, message)
        elif message.type == "stream":
            request.texts[content["name"]] = request.texts.get(content["name"], "") + content["text"]

    def _is_enough(self, cell: Cell | None) -> bool:
        """Whether neither the log nor the notebook takes any more of what a cell prints."""
        return bool(cell and cell.log.exhausted and self._outputs_of(cell).printed_enough)

    def _outputs_of(self, cell: Cell) -> Outputs:
        return (self._widgets and self._widgets.outputs_for(cell.request)) or cell.outputs

    def _shown(self, cell: Cell, message: Message) -> None:
        kind, content = message.type, message.content
        if kind == "stream":
            self.streams.write(cell, content["name"], content["text"])
            return
        if kind == "execute_input":
            cell.note_time("iopub.execute_input", message.date)
            cell.node["execution_count"] = content.get("execution_count")
            return
        self.streams.flush()
        outputs = self._outputs_of(cell)
        if kind not in ("comm_open", "comm_msg"):
            content = self._masks.shown(content)
        if kind == "clear_output":
            outputs.clear(bool(content.get("wait")))
        elif kind == "update_display_data":
            self._notebook.displays.update((content.get("transient") or {}).get("display_id", ""), content)
        elif kind in ("comm_open", "comm_msg"):
            self._widget(message)
        else:
            outputs.add(kind, content)

    def _widget(self, message: Message) -> None:
        if self._widgets is None:
            from .widgets import Widgets

            self._widgets = Widgets(
                self.channels, self._notebook.displays, self._run_bytes, self._notebook.shown
            )
        self._widgets.handle(message)

    def _deliver(self, cell: Cell | None, name: str, text: str) -> None:
        if cell is None:
            return
        self.changed = True
        logged = cell.log.take(text)
        if logged:
            self._events.emit("stream", cell=cell.number, name=name, text=logged)
        outputs = self._outputs_of(cell)
        outputs.stream(name, text)


def _execute_content(code: str, *, stop_on_error: bool = True) -> dict[str, Any]:
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": stop_on_error,
    }
