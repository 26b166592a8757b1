"""Runs a Node.js script of an npm project whose packages are installed once a lock.

    python scripts/run_node.py FOLDER [SCRIPT [ARGUMENT...]]

Without a script it only installs. Node.js is the machine's, else the one from PyPI.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from build_graphiql import QUIET, BuildError, Node, find_node, run

__all__ = ["install", "main", "stamp_of"]

SOURCES = ("package.json", "package-lock.json", ".npmrc")


def stamp_of(project: Path) -> str:
    """Digest of all that an installation depends on."""
    digest = hashlib.sha256()
    for name in SOURCES:
        content = (project / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def install(project: Path, node: Node) -> None:
    """Install what the lock names, unless that was done; the stamp comes last."""
    stamp = project / "node_modules" / ".stamp"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == stamp_of(project):
        return
    command = ["ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1", *QUIET]
    run([*node.npm, *command], project, PATH=path_with(node))
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(stamp_of(project), encoding="ascii")


def path_with(node: Node) -> str:
    return os.pathsep.join([str(Path(node.node).parent), os.environ.get("PATH", "")])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run a script of an npm project.")
    parser.add_argument("project", type=Path, metavar="FOLDER")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="SCRIPT")
    asked = parser.parse_args(arguments)
    project = asked.project.resolve()
    try:
        node = find_node()
        install(project, node)
    except BuildError as error:
        print(f"{project.name}: {error}", file=sys.stderr)
        return 1
    if not asked.command:
        return 0
    environment = os.environ | {"PATH": path_with(node), "NO_COLOR": "1"}
    return subprocess.call([node.node, *asked.command], cwd=project, env=environment)


if __name__ == "__main__":
    sys.exit(main())
