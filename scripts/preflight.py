"""Says in one sentence what to install where this Python cannot make the environment.

It runs before anything is installed, on Pythons too old for the rest of the code.
"""

import importlib.util
import sys

OLDEST = (3, 11)


def problem(version, has_venv):
    """What stands in the way, or None."""
    if tuple(version[:2]) < OLDEST:
        return (
            f"IntellPulse needs Python 3.11 or newer, and {sys.executable} is "
            f"{version[0]}.{version[1]}: install it (Debian: apt-get install python3.11 "
            "python3.11-venv), then run make PYTHON=python3.11 with the same target."
        )
    if not has_venv:
        return (
            "Python's venv module is missing: install it (Debian and Ubuntu: apt-get install "
            "python3-venv), then run make again."
        )
    return None


if __name__ == "__main__":
    sys.exit(
        problem(
            sys.version_info,
            all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
        )
    )
