"""Says in one sentence what to install where this Python cannot make the environment; runs on any Python 3."""

import sys


def problem():
    """What stands in the way, or None."""
    if sys.version_info < (3, 11):
        return "IntellPulse needs Python 3.11 or newer and %s is %d.%d: install it (Debian: apt-get install python3.11 python3.11-venv), then run make PYTHON=python3.11 again." % (
            sys.executable, sys.version_info[0], sys.version_info[1])
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing: install it (Debian and Ubuntu: apt-get install python3-venv), then run make again."
    return None


if __name__ == "__main__":
    sentence = problem()
    if sentence:
        sys.exit(sentence)
