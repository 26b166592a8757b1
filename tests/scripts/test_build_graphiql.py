"""The build of GraphiQL: when it runs, with which Node.js, and what it says when it cannot."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_graphiql.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_graphiql", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_graphiql", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in the place of ours."""
    folder = tmp_path / "graphiql"
    (folder / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "index.html", "src/main.jsx"):
        (folder / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(script, "PROJECT", folder)
    return folder


def node_that(tmp_path: Path, script: ModuleType, does: str) -> object:
    """A Node.js and an npm that are a line of Python."""
    program = tmp_path / "npm.py"
    program.write_text(f"import pathlib, sys\n{does}\n", encoding="utf-8")
    return script.Node(sys.executable, (sys.executable, str(program)), "a Node.js made for this")


BUNDLES = """
if "run" in sys.argv:
    pathlib.Path("dist").mkdir(exist_ok=True)
    pathlib.Path("dist/index.html").write_text("built")
"""


def test_it_builds_once_and_again_only_when_a_source_says_something_else(
    script: ModuleType, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = []

    def found() -> object:
        builds.append(1)
        return node_that(tmp_path, script, BUNDLES)

    monkeypatch.setattr(script, "find_node", found)
    assert script.main([]) == 0
    assert script.is_built(project)
    assert script.main([]) == 0
    assert len(builds) == 1
    (project / "src" / "main.jsx").write_text("changed", encoding="utf-8")
    assert not script.is_built(project)
    assert script.main([]) == 0
    assert len(builds) == 2


def test_a_build_that_lost_its_page_is_made_again(script: ModuleType, project: Path) -> None:
    (project / "dist").mkdir()
    (project / "dist" / ".stamp").write_text(script.stamp_of(project), encoding="ascii")
    assert not script.is_built(project)


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_what_npm_refuses_is_one_note_and_stands_in_nobodys_way(
    script: ModuleType,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    node = node_that(tmp_path, script, "sys.exit('npm error code ENOTFOUND\\nnpm error advice')")
    monkeypatch.setattr(script, "find_node", lambda: node)
    assert script.main(arguments) == status
    said = capsys.readouterr().out
    assert "Note: GraphiQL was not built" in said
    assert "npm error code ENOTFOUND" in said
    assert "make graphiql" in said
    assert not script.is_built(project)


def test_without_any_node_the_note_says_so(
    script: ModuleType,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(script, "NODE_LOCK", tmp_path / "none.lock")
    assert script.main([]) == 0
    assert "neither Node.js 20.19 or newer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v18.20.0", False),
        ("v21.9.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.0.0\n", True),
        ("nonsense", False),
    ],
)
def test_a_node_is_taken_only_when_vite_runs_on_it(
    script: ModuleType, version: str, supported: bool
) -> None:
    assert script.supports(version) is supported
