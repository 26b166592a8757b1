"""Containers of this machine, by docker or by buildah, each for the time of a block."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Buildah", "ContainerError", "Docker", "container_engine"]


class ContainerError(Exception):
    """An engine refused; the text is what it said."""


class Docker:
    """Images run by a docker that answers."""

    def config(self, image: str) -> dict[str, Any]:
        """User, entry point and command of an image."""
        shown = _output("docker", "image", "inspect", "--format", "{{json .Config}}", image)
        return dict(json.loads(shown))

    @contextmanager
    def running(
        self, image: str, _: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Iterator[Path]:
        """The image's process, read-only but for /tmp as on Lambda; where its output goes."""
        command = ["docker", "run", "--rm", "--network=host", "--read-only", "--tmpfs=/tmp"]
        command += [f"--env={name}={value}" for name, value in environment.items()]
        with _process([*command, image]) as log:
            yield log


class Buildah:
    """Images run by buildah in a chroot, for machines without a docker."""

    def config(self, image: str) -> dict[str, Any]:
        """User, entry point and command of an image."""
        shown = json.loads(_output("buildah", "inspect", "--type=image", image))
        return dict(shown["OCIv1"]["config"])

    @contextmanager
    def running(
        self, image: str, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Iterator[Path]:
        """The image's process under its own unprivileged user; where its output goes."""
        container = _output("buildah", "from", "--pull-never", image)
        command = ["buildah", "run", "--isolation=chroot"]
        command += [f"--env={name}={value}" for name, value in environment.items()]
        try:
            with _process(
                [*command, container, "--", *config["Entrypoint"], *config["Cmd"]]
            ) as log:
                yield log
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
def _process(command: Sequence[str]) -> Iterator[Path]:
    """A process and all that it starts, until the block ends; the file of its output."""
    folder = Path(tempfile.mkdtemp())
    log = folder / "log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield log
        finally:
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
