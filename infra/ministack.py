"""DynamoDB at an address of this machine, atomic and quick: ministack, in its own environment.

It answers one call after another on one event loop, so that no write sees another half done, and
takes a fifth of moto's time for it. It is laxer than DynamoDB about expressions: whether ours are
ones that DynamoDB takes is asked of another.
"""

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final, Self

from infra.dynamodb_endpoint import REGION

__all__ = ["Ministack"]

PROGRAM: Final = Path(__file__).parent.parent / ".venv-ministack" / "bin" / "ministack"
START_SECONDS: Final = 60


class Ministack:
    """A DynamoDB that lives from entering a ``with`` block until leaving it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not PROGRAM.is_file():
            self._folder.cleanup()
            raise FileNotFoundError(f"{PROGRAM} is missing; it is installed by: make ministack")
        host, _, port = self.address.partition(":")
        self._process = subprocess.Popen(
            [PROGRAM],
            env={
                "BIND_HOST": host,
                "GATEWAY_PORT": port,
                "SERVICES": "dynamodb",
                "IOT_MTLS_ENABLED": "0",
                "LOG_LEVEL": "ERROR",
                "TMPDIR": self._folder.name,
                "HOME": self._folder.name,
            },
            cwd=self._folder.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()  # what it holds is of no use to anyone
            self._process.wait()
        self._folder.cleanup()

    def environment(self) -> dict[str, str]:
        """The variables by which a process finds this DynamoDB and no other."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://{self.address}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _wait(self) -> None:
        assert self._process is not None  # noqa: S101
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{self.address}/_ministack/health", timeout=5):
                    return
            except urllib.error.HTTPError:
                return  # it answers
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"{PROGRAM} does not answer on {self.address}")
