"""Containers of this machine, by docker or by buildah, each for the time of a block."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Buildah", "ContainerError", "Docker", "Running", "container_engine"]


class ContainerError(Exception):
    """An engine refused; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Running:
    """A container's process with those that were started for it."""

    outermost: "subprocess.Popen[bytes]"
    log: Path  # where its output goes

    def end(self, patience: float = 10.0) -> float:
        """Tell it to stop, as Lambda does, and wait until it has; seconds.

        It alone is told: whoever started it would end it at once.
        """
        began = time.perf_counter()
        for process in self._innermost():
            os.kill(process, signal.SIGTERM)
        self.outermost.wait(patience)
        return time.perf_counter() - began

    def _innermost(self) -> set[int]:
        """The processes of the session that have started no other."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                _, parent, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            except OSError:  # it is gone by now
                continue
            if int(session) == self.outermost.pid:
                parents[int(stat.parent.name)] = int(parent)
        return parents.keys() - parents.values()


class Docker:
    """Images run by a docker that answers."""

    def config(self, image: str) -> dict[str, Any]:
        """User, entry point and command of an image."""
        shown = _output("docker", "image", "inspect", "--format", "{{json .Config}}", image)
        return dict(json.loads(shown))

    @contextmanager
    def running(
        self, image: str, _: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Iterator[Running]:
        """The image's process, read-only but for /tmp as on Lambda."""
        command = ["docker", "run", "--rm", "--network=host", "--read-only", "--tmpfs=/tmp"]
        command += [f"--env={name}={value}" for name, value in environment.items()]
        with _process([*command, image]) as running:
            yield running


class Buildah:
    """Images run by buildah in a chroot, for machines without a docker."""

    def config(self, image: str) -> dict[str, Any]:
        """User, entry point and command of an image."""
        shown = json.loads(_output("buildah", "inspect", "--type=image", image))
        return dict(shown["OCIv1"]["config"])

    @contextmanager
    def running(
        self, image: str, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Iterator[Running]:
        """The image's process under its own unprivileged user."""
        container = _output("buildah", "from", "--pull-never", image)
        command = ["buildah", "run", "--isolation=chroot"]
        command += [f"--env={name}={value}" for name, value in environment.items()]
        try:
            with _process(
                [*command, container, "--", *config["Entrypoint"], *config["Cmd"]]
            ) as running:
                yield running
        finally:
            _output("buildah", "rm", container)


def container_engine() -> Docker | Buildah:
    """A docker that answers, or else buildah."""
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    ):
        return Docker()
    return Buildah()


@contextmanager
def _process(command: Sequence[str]) -> Iterator[Running]:
    """A process and all that it starts, until the block ends."""
    folder = Path(tempfile.mkdtemp())
    log = folder / "log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield Running(process, log)
        finally:
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    finally:
        shutil.rmtree(folder)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise ContainerError(f"{' '.join(command[:3])} failed: {done.stderr.strip()}")
    return done.stdout.strip()
