"""What is said before anything is installed."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "preflight.py"


@pytest.fixture(scope="module")
def problem():
    return runpy.run_path(str(SCRIPT))["problem"]


def test_a_python_that_can_passes_in_silence(problem) -> None:
    assert problem((3, 11, 0), has_venv=True) is None
    assert problem((3, 14, 1), has_venv=True) is None
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 6, 15), (2, 7, 18)])
def test_an_old_python_is_told_what_to_install(problem, version) -> None:
    said = problem(version, has_venv=True)
    assert f"is {version[0]}.{version[1]}: install it" in said
    assert "\n" not in said


def test_a_python_without_venv_is_told_what_to_install(problem) -> None:
    assert "apt-get install python3-venv" in problem((3, 11, 2), has_venv=False)
