"""Finding and starting kernels without Jupyter's own code."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nightdesk.runner import kernelspec
from nightdesk.runner.kernel import _connection
from nightdesk.runner.outcome import BadJob

from .run_folder import RunFolder, notebook


def _spec(base: Path, name: str, **fields: Any) -> Path:
    folder = base / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        json.dumps({"argv": ["x"], "display_name": name, "language": "x", **fields})
    )
    return folder


def test_the_same_kernels_are_found_as_jupyter_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _spec(tmp_path / "one", "first")
    _spec(tmp_path / "two", "second")
    _spec(tmp_path / "data", "third")
    (tmp_path / "data/kernels/empty").mkdir()
    monkeypatch.setenv("JUPYTER_PATH", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    assert {"first", "second", "third", "python3"} <= set(kernelspec._folders())
    assert set(kernelspec._folders()) == set(KernelSpecManager().find_kernel_specs())


def test_the_first_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _spec(tmp_path / "one", "Same", argv=["one"])
    _spec(tmp_path / "two", "same", argv=["two"])
    monkeypatch.setenv("JUPYTER_PATH", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    assert kernelspec.find("SAME").command("c") == ["one"]


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _spec(
        tmp_path,
        "odd",
        argv=["python3", "{resource_dir}/start.py", "--at={connection_file}", "{prefix}"],
        env={"WHERE": "${HOME}/x", "PLAIN": "1"},
        interrupt_mode="message",
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("HOME", "/somebody")
    spec = kernelspec.find("odd")
    assert spec.command("/c.json") == [sys.executable, f"{folder}/start.py", "--at=/c.json", sys.prefix]
    assert spec.environment()["WHERE"] == "/somebody/x"
    assert spec.environment()["PLAIN"] == "1"
    assert spec.environment()["JPY_PARENT_PID"] == str(os.getpid())
    assert spec.interrupted_by_message


def test_ipykernel_without_a_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernelspec, "_search_path", lambda: [str(tmp_path)])
    assert kernelspec.find("python3").command("/c.json")[0] == sys.executable
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(BadJob, match="has no kernel 'python3'; it has: none"):
        kernelspec.find("python3")


def test_connections() -> None:
    connection = _connection("python3")
    ports = [value for name, value in connection.items() if name.endswith("_port")]
    assert len(set(ports)) == 5
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not any(low <= int(str(port)) <= high for port in ports)
    assert connection["ip"] == "127.0.0.1"
    assert connection["key"] != _connection("python3")["key"]


def test_a_python_kernel_is_the_one_of_a_session(folder: RunFolder) -> None:
    """The quick start changes nothing that code can see: path, arguments, debugger, backend, working folder."""
    (folder.root / "work/beside.py").write_text("value = 7")
    (folder.root / "work/random.py").write_text("raise RuntimeError('not mine')")
    source = """
import sys, os, beside
assert beside.value == 7
assert os.path.basename(sys.argv[0]) == "ipykernel_launcher.py" and sys.argv[1] == "-f", sys.argv
assert os.environ["MPLBACKEND"].startswith("module://matplotlib_inline")
assert os.path.basename(os.getcwd()) == "work"
assert __name__ == "__main__" and sys.modules["__main__"].__dict__ is globals()
assert "outside" not in globals() and "runpy" not in globals()
assert __session__.endswith("work/analysis.ipynb")
import debugpy.server
assert os.stat(sys.argv[2]).st_mode & 0o077 == 0
assert os.stat(os.path.dirname(sys.argv[2])).st_mode & 0o077 == 0
print(os.path.dirname(sys.argv[2]))
"""
    folder.notebook(notebook(source))
    ended = folder.run()
    assert ended.outcome == "succeeded", ended.reason
    assert not Path(ended.text().strip()).exists()


def test_a_notebook_in_a_folder_runs_there(folder: RunFolder) -> None:
    (folder.root / "work/sub").mkdir()
    folder.notebook(notebook("import os; print(os.path.basename(os.getcwd()))"))
    (folder.root / "work/analysis.ipynb").rename(folder.root / "work/sub/é b.ipynb")
    folder.job(kind="notebook", file="sub/é b.ipynb", kernel="python3")
    assert folder.run().text() == "sub\n"
