"""Packages of an npm project: installed once a lock, and again when it changes."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    spec = importlib.util.spec_from_file_location("run_node", SCRIPTS / "run_node.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_node", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    return tmp_path


def test_packages_are_installed_once_a_lock(script, project, monkeypatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(script, "run", lambda command, *_, **__: ran.append(command))
    node = script.Node("/bin/node", ("/bin/npm",), "a test")
    for _ in range(2):
        script.install(project, node)
    assert [command[:2] for command in ran] == [["/bin/npm", "ci"]]
    (project / "package-lock.json").write_text('{"other": 1}', encoding="utf-8")
    script.install(project, node)
    assert len(ran) == 2


def test_an_installation_that_failed_is_tried_again(script, project, monkeypatch) -> None:
    node = script.Node("/bin/node", ("/bin/npm",), "a test")

    def fail(*_: object, **__: object) -> str:
        raise script.BuildError("no registry")

    monkeypatch.setattr(script, "run", fail)
    monkeypatch.setattr(script, "find_node", lambda: node)
    assert script.main([str(project)]) == 1
    assert not (project / "node_modules" / ".stamp").exists()


def test_a_script_is_run_in_its_project_and_its_status_is_told(
    script, project, monkeypatch
) -> None:
    node = script.Node(sys.executable, ("npm",), "a test")
    monkeypatch.setattr(script, "find_node", lambda: node)
    monkeypatch.setattr(script, "install", lambda *_: None)
    (project / "tell.py").write_text("import sys, os; sys.exit(len(sys.argv))", encoding="utf-8")
    assert script.main([str(project), "tell.py", "--one", "two"]) == 3
    assert script.main([str(project)]) == 0
