"""The end of a Lambda environment: what it holds is given back before it is killed.

    POST /2020-01-01/extension/register      a name, and that no event is wanted
    GET  /2020-01-01/extension/event/next    "ready"; without events it is never answered

Lambda sends SIGTERM only where an extension is registered. One that a process registers of itself,
an internal one, costs no process of its own and leaves it half a second; since it wants no events,
no request waits for it.
"""

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import Final

__all__ = ["NAME", "at_end"]

NAME: Final = "intellpulse-gives-back"  # no other extension of the function may have it
API: Final = "/2020-01-01/extension"
PATIENCE: Final = 1.0  # seconds; the API is this machine's

log = logging.getLogger(__name__)


def at_end(
    address: str, act: Callable[[], None], leave: Callable[[int], object] = os._exit
) -> None:
    """Have ``act`` done when Lambda ends this environment, and the process left after it.

    To be called from the main thread, before the first event is asked for. Where no extension can
    be registered the environment serves all the same, and ends without a warning.

    Parameters
    ----------
    address : str
        Host and port of the runtime API.
    leave : callable
        Ends the process with a status; in the middle of whatever it does.
    """
    _hear(signal.SIGTERM, lambda: _end(act, leave))
    try:
        identifier = _register(address)
    except (OSError, HTTPException) as error:
        log.warning("no SIGTERM will come: no extension was registered: %s", error)
        return
    ready = threading.Thread(target=_say_ready, args=(address, identifier), name=NAME, daemon=True)
    ready.start()


def _hear(wanted: signal.Signals, act: Callable[[], None]) -> None:
    """Have ``act`` done in a thread of its own when a signal comes.

    The main thread waits for its next event in C, where no handler in Python would run; the number
    of the signal is written to a socket in the moment in which it comes.
    """
    hears, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    signal.signal(wanted, lambda *_: None)

    def wait() -> None:
        with hears, told:
            while wanted not in hears.recv(64):
                pass
            act()

    threading.Thread(target=wait, name="ending", daemon=True).start()


def _end(act: Callable[[], None], leave: Callable[[int], object]) -> None:
    began = time.perf_counter()
    try:
        act()
    except Exception:  # the process ends in any case, and this is the last that is heard of it
        log.exception("the environment ends")
    else:
        milliseconds = round((time.perf_counter() - began) * 1000, 3)
        log.info("the environment ends", extra={"line": {"duration_ms": milliseconds}})
    sys.stdout.flush()
    leave(0)


def _register(address: str) -> str:
    """Register this process as an extension; its identifier."""
    with closing(HTTPConnection(address, timeout=PATIENCE)) as api:
        headers = {"Lambda-Extension-Name": NAME, "Content-Type": "application/json"}
        api.request("POST", f"{API}/register", json.dumps({"events": []}), headers)
        answer = api.getresponse()
        answer.read()
        identifier = answer.headers["Lambda-Extension-Identifier"]
        if answer.status != 200 or identifier is None:
            raise HTTPException(f"it is answered by {answer.status}")
        return identifier


def _say_ready(address: str, identifier: str) -> None:
    """Say that the extension has started, which Lambda waits for; and hold the line."""
    with suppress(OSError, HTTPException), closing(HTTPConnection(address)) as api:
        headers = {"Lambda-Extension-Identifier": identifier}
        api.request("GET", f"{API}/event/next", headers=headers)
        api.getresponse()
