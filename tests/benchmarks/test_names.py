"""A script's folder comes first on Python's path: no benchmark may be named as a library is."""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "benchmarks"
OURS = {"engine"}  # each script puts our packages before its own folder


def test_no_benchmark_hides_a_library() -> None:
    names = {path.stem for path in SCRIPTS.glob("*.py")}
    assert "warm_path" in names
    assert not names & (set(packages_distributions()) | set(sys.stdlib_module_names)) - OURS
    for path in SCRIPTS.glob("*.py"):
        assert "sys.path.insert(0, " in path.read_text(encoding="utf-8"), path.name
