"""Generates four clients, compiles them strictly, and runs them against a server of its own.

Each is made twice: from what the running server tells by introspection, and from schema.graphql.
The Python ones run in .venv-clients, the others with the packages of tests/clients.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from build_graphiql import ROOT, BuildError, find_node
from run_node import install

PROJECT = ROOT / "tests" / "clients"
GENERATED = PROJECT / "generated"
SCHEMA = ROOT / "schema.graphql"
PYTHON = ROOT / ".venv-clients" / "bin"
INTELLPULSE = [sys.executable, "-m", "graphql_api.cli"]
SECONDS = 300


class Broken(Exception):
    """A client that cannot be made, compiled or run, with what its tool said."""


@dataclass(frozen=True)
class Server:
    """A running server, and the environment in which its clients find it."""

    url: str
    data: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class Bench:
    """Runs the tools of one client after another."""

    server: Server
    node: str

    def run(self, *command: str | Path, **environment: str) -> str:
        """What a command of the project says."""
        done = subprocess.run(
            list(map(str, command)),
            cwd=PROJECT,
            env=self.server.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise Broken(f"{' '.join(Path(str(part)).name for part in command)}\n{done.stdout}")
        return done.stdout.strip()

    def npm(self, program: str, *arguments: str | Path, **environment: str) -> str:
        """What a program of the npm packages says."""
        return self.run(self.node, f"node_modules/{program}", *arguments, **environment)

    def codegen(self, source: str) -> str:
        """graphql-codegen's client preset; its documents are deployed and asked for by hash."""
        self.npm(
            "@graphql-codegen/cli/cjs/bin.js", "--config", "codegen/codegen.yml", SCHEMA=source
        )
        self.npm("typescript/bin/tsc", "--project", "codegen")
        manifest = GENERATED / "codegen" / "persisted-documents.json"
        self.run(*INTELLPULSE, "documents", "register", manifest, "--data", self.server.data)
        return self.run(self.node, GENERATED / "codegen-js" / "codegen" / "main.js")

    def relay(self, source: str) -> str:
        """relay-compiler, which reads a file: the server's schema is first written to one."""
        schema = GENERATED / "schema.graphql"
        if source.startswith("http"):
            self.run(self.node, "introspect.mjs", source, schema)
        else:
            shutil.copy(source, schema)
        (PROJECT / "relay" / "__generated__").mkdir(exist_ok=True)
        self.npm("relay-compiler/cli.js", "relay.config.json")
        self.npm("typescript/bin/tsc", "--project", "relay")
        babel = ["--config-file", "./relay/babel.config.json", "--extensions", ".ts"]
        self.npm("@babel/cli/bin/babel.js", "relay", *babel, "--out-dir", "generated/relay-js")
        return self.run(self.node, GENERATED / "relay-js" / "main.js")

    def ariadne(self, source: str) -> str:
        """ariadne-codegen, under mypy --strict."""
        settings = (PROJECT / "python" / "ariadne.toml").read_text(encoding="utf-8")
        if source.startswith("http"):
            headers = 'remote_schema_headers = { x-api-key = "$API_KEY" }'
            told = f'remote_schema_url = "{source}"\n{headers}'
            settings = re.sub(r"^schema_path = .*$", lambda _: told, settings, flags=re.MULTILINE)
        config = GENERATED / "ariadne.toml"
        config.write_text(settings, encoding="utf-8")
        packages = GENERATED / "python"
        packages.mkdir(exist_ok=True)
        self.run(PYTHON / "ariadne-codegen", "--config", config)
        checked = [packages / "ariadne_client", "python/use_ariadne.py", "python/use_gql.py"]
        strict = ["--strict", "--config-file", "", "--cache-dir", GENERATED / "mypy"]
        self.run(PYTHON / "mypy", *strict, *checked, MYPYPATH=str(packages))
        return self.run(
            PYTHON / "python", "-W", "error", "python/use_ariadne.py", PYTHONPATH=str(packages)
        )

    def gql(self, source: str) -> str:
        """gql, which checks queries against the schema before it sends them."""
        schema = [] if source.startswith("http") else [source]
        return self.run(PYTHON / "python", "-W", "error", "python/use_gql.py", *schema)


@contextmanager
def serving() -> Iterator[Server]:
    """A server on sample bars, with the key of a PREMIUM account that may make further keys."""
    ours = ("INTELLPULSE_", "AWS_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    plain["NO_COLOR"] = "1"
    plain["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), plain.get("PATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        with log.open("wb") as written:
            command = [*INTELLPULSE, "serve", "--data", data, "--port", "0"]
            process = subprocess.Popen(
                command, cwd=ROOT, env=plain, stdout=written, stderr=subprocess.STDOUT
            )
        try:
            url = address(process, log)
            create = [*INTELLPULSE, "keys", "create", "--plan", "PREMIUM", "--json"]
            scopes = ["--scope", "signals:read", "--scope", "keys:write"]
            made = subprocess.check_output([*create, *scopes, "--data", data], cwd=ROOT, env=plain)
            told = {"API_URL": f"{url}/graphql", "API_KEY": json.loads(made)["key"]}
            yield Server(f"{url}/graphql", data, plain | told)
        finally:
            process.terminate()
            process.wait(timeout=30)


def address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Where the server says that it is, once it answers there."""
    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if found:
            with urllib.request.urlopen(f"{found[0]}/health", timeout=30):
                return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise Broken(f"intellpulse serve does not answer:\n{log.read_text(encoding='utf-8')}")


def main() -> int:
    try:
        node = find_node()
        install(PROJECT, node)
        with serving() as server:
            bench = Bench(server, node.node)
            for name, source in (("the server", server.url), ("schema.graphql", str(SCHEMA))):
                for client in (bench.codegen, bench.relay, bench.ariadne, bench.gql):
                    shutil.rmtree(PROJECT / "relay" / "__generated__", ignore_errors=True)
                    shutil.rmtree(GENERATED, ignore_errors=True)
                    GENERATED.mkdir()
                    started = time.monotonic()
                    said = client(source)
                    took = time.monotonic() - started
                    print(f"{client.__name__:8} from {name:15} {took:5.1f} s  {said}", flush=True)
    except (BuildError, Broken) as error:
        print(f"clients: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
