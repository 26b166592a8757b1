"""Documents known by a name: deployed, registered by an administrator, or by callers."""

import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from graphql import GraphQLError

from graphql_api.documents import Unfit
from graphql_api.errors import BadInput, BadRequest
from graphql_api.guard.limits import DAY, SECOND
from graphql_api.guard.memory import Memory
from graphql_api.guard.reach import Reach
from graphql_api.stores import DocumentStore
from market_data.clock import now

__all__ = ["BadManifest", "Trusted", "read_documents", "sha256_name"]

log = logging.getLogger(__name__)

MAX_DEPLOYED = 10_000
MISSED = 1_000  # names that the store was asked for in vain
BELIEVED = 5 * SECOND  # until what another process registered is found here
FOR_GOOD = 3_650 * DAY  # a name has one text, which never changes
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


class BadManifest(BadInput):
    """A file that holds no documents by name, or not these documents."""


def sha256_name(text: str) -> str:
    """The name that a document has by itself: ``sha256:`` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_documents(path: Path) -> dict[str, str]:
    """The documents of a file or of a folder of such files, by name.

    A file in ``.json`` is a manifest: ``{name: text}``, as relay-compiler and graphql-codegen write
    it, or Apollo's, whose operations have an ``id`` and a ``body``. Any other file is one document.
    Each has its SHA-256 as a name; a manifest may give it another, such as relay's MD5.

    Raises
    ------
    BadManifest
        Says which file, and what is wrong with it.
    """
    found: dict[str, str] = {}
    for file in _files(path):
        text = _text(file)
        for name, document in _manifest(file, text) if file.suffix == ".json" else [("", text)]:
            found[sha256_name(document)] = document
            if name and found.setdefault(name, document) != document:
                raise BadManifest(f"{file} calls another document {name} than was called so before")
    if len(found) > MAX_DEPLOYED:
        raise BadManifest(f"{path} names {len(found)} documents; there may be {MAX_DEPLOYED}")
    return found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix in {".json", ".graphql", ".gql"})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadManifest(f"{file} is not UTF-8") from None


def _manifest(file: Path, text: str) -> Iterable[tuple[str, str]]:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadManifest(f"{file} is not JSON: {error}") from None
    if isinstance(held, dict) and isinstance(held.get("operations"), list):
        operations = [one if isinstance(one, dict) else {} for one in held["operations"]]
        pairs: list[tuple[Any, Any]] = [(one.get("id"), one.get("body")) for one in operations]
    elif isinstance(held, dict):
        pairs = list(held.items())
    else:
        raise BadManifest(f"{file} is no manifest; one reads {{name: document}}")
    for name, document in pairs:
        if not isinstance(name, str) or not isinstance(document, str) or not document.strip():
            raise BadManifest(f"{file} holds {str(name)[:80]!r}, which names no text")
        yield _checked(file, name, document), document


def _checked(file: Path, name: str, document: str) -> str:
    """A name as it is looked up; one that reads like a SHA-256 must be that of its document."""
    hashed = _HASH.fullmatch(name)
    if hashed:
        if _normal(name) != sha256_name(document):
            raise BadManifest(f"{file} holds {name}, which is not the SHA-256 of its document")
        return _normal(name)
    if not _NAME.fullmatch(name):
        raise BadManifest(
            f"{file} holds {name[:80]!r}; a name is a SHA-256, or letters, digits, '.', '_' and '-'"
        )
    return name


def _normal(name: str) -> str:
    hashed = _HASH.fullmatch(name)
    return "sha256:" + hashed[1].lower() if hashed else name


class _Deployed:
    """The documents of a file or folder, read again when one is missing and the files changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._state()
        self._kept = read_documents(path) if self._seen else {}

    def get(self, name: str) -> str | None:
        if name not in self._kept and (state := self._state()) != self._seen:
            self._seen = state
            try:
                self._kept = read_documents(self._path) if state else {}
            except (BadManifest, OSError) as error:
                log.warning("the deployed documents stay as they were: %s", error)
        return self._kept.get(name)

    def _state(self) -> list[tuple[str, int, int]]:
        """What tells that a file was written; empty where there is none."""
        if not self._path.exists():
            return []
        state = [(file.name, file.stat()) for file in _files(self._path)]
        return [(name, stat.st_mtime_ns, stat.st_size) for name, stat in state]


class Trusted:
    """Where a request that names its document finds the text.

    Deployed documents are kept for good, in files; so are those that an administrator registers,
    in the store of accounts, where every process finds them. Those that callers register by
    Apollo's persisted queries are kept in this process, a bounded number of them, and the least
    recently used go first; they have a place of their own, so they never drive another one out.
    Only a text that fits the schema is learnt.

    Parameters
    ----------
    deployed : Path or None
        A manifest, or a folder of manifests and documents; it may come to exist later.
    registers : bool
        Whether callers may register documents.
    store : DocumentStore or None
        Where an administrator's documents are.
    clock : callable
        Integer microseconds since the epoch.
    capacity : int
        How many of theirs are kept here, and how many of the store's are remembered.
    """

    def __init__(
        self,
        deployed: Path | None,
        *,
        registers: bool,
        store: DocumentStore | None = None,
        clock: Callable[[], int] = now,
        capacity: int = 500,
    ) -> None:
        self._deployed = None if deployed is None else _Deployed(deployed)
        self._registers = registers
        self._store = store
        self._clock = clock
        self._capacity = capacity
        self._registered: OrderedDict[str, str] = OrderedDict()
        self._remembered: Memory[str, str] = Memory(capacity)
        self._missed: Memory[str, bool] = Memory(MISSED)
        self._lock = Lock()

    def named(self, name: str, reach: Reach) -> str:
        """The document of a ``documentId``.

        Raises
        ------
        Unfit
            When none has that name.
        Unavailable
            When that cannot be found out.
        """
        text = self._find(_normal(name), reach)
        if text is None:
            shown = name if _HASH.fullmatch(name) or _NAME.fullmatch(name) else "that name"
            raise _unfound(f"No document is registered under {shown}.", "PERSISTED_QUERY_NOT_FOUND")
        return text

    def hashed(self, name: str, given: str | None, reach: Reach) -> str:
        """The document of a persisted query: the one that is given with its hash, or the one kept.

        Raises
        ------
        BadRequest
            When the document that is given has another hash.
        Unfit
            When none is given and none is kept: by the code a client knows whether to send it.
        Unavailable
            When that cannot be found out.
        """
        if given is not None:
            if sha256_name(given) != name:
                raise BadRequest("extensions.persistedQuery.sha256Hash is not that of the query.")
            return given
        text = self._find(name, reach)
        if text is not None:
            return text
        # These two messages are the protocol: Apollo's clients compare them.
        if self._registers:
            raise _unfound("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        raise _unfound("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")

    def learn(self, name: str, text: str) -> None:
        """Keep a caller's document, which fits the schema, by its hash."""
        if not self._registers or (self._deployed and self._deployed.get(name) is not None):
            return
        with self._lock:
            self._registered[name] = text
            self._registered.move_to_end(name)
            while len(self._registered) > self._capacity:
                self._registered.popitem(last=False)

    def was_kept(self, names: Iterable[str]) -> None:
        """Know at once of documents that were just registered in the store."""
        for name in names:
            self._missed.forget(name)

    def _find(self, name: str, reach: Reach) -> str | None:
        text = self._deployed.get(name) if self._deployed else None
        if text is None:
            with self._lock:
                text = self._registered.get(name)
                if text is not None:
                    self._registered.move_to_end(name)
        return self._look_up(name, reach) if text is None else text

    def _look_up(self, name: str, reach: Reach) -> str | None:
        """The document in the store, where hashes alone are names; a miss is believed a while."""
        if self._store is None or not _HASH.fullmatch(name):
            return None
        now = self._clock()
        text = self._remembered.get(name, now)
        if text is None and not self._missed.get(name, now):
            text = reach(self._store.find_document, name)
            if text is None:
                self._missed.put(name, True, now + BELIEVED)
            else:
                self._remembered.put(name, text, now + FOR_GOOD)
        return text


def _unfound(message: str, code: str) -> Unfit:
    return Unfit([GraphQLError(message)], code)
