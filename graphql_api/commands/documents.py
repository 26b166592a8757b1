"""intellpulse documents: register and list trusted documents."""

import argparse
import os
from pathlib import Path
from typing import Any

import orjson

from graphql_api import schema
from graphql_api.app import documents_file
from graphql_api.commands.printing import print_json
from graphql_api.documents import Documents, Unfit
from graphql_api.settings import Settings
from graphql_api.trusted import BadManifest, read_documents, sha256_name

__all__ = ["listing", "register"]


def register(asked: argparse.Namespace, settings: Settings) -> None:
    """Add the documents of some files, all of them or none, and print the name of each.

    A running server finds them without a restart.
    """
    path = documents_file(settings)
    if path.is_dir():
        raise BadManifest(f"{path} is a folder; put the files there")
    kept = read_documents(path) if path.exists() else {}
    fitting = Documents(schema.core_schema())
    for file in asked.files:
        for name, text in read_documents(file).items():
            _check(file, fitting, text)
            if kept.setdefault(name, text) != text:
                raise BadManifest(f"{file} calls another document {name} than was registered so")
            print(name)
    _write(path, kept)


def listing(asked: argparse.Namespace, settings: Settings) -> None:
    """The documents that are deployed, with their operations."""
    path = documents_file(settings)
    kept = read_documents(path) if path.exists() else {}
    known = Documents(schema.core_schema(), capacity=len(kept) + 1)
    rows = [
        {"id": name, "operations": _operations(known, text), "sha256": sha256_name(text)}
        for name, text in kept.items()
    ]
    if asked.json:
        print_json(rows)
        return
    for row in rows:
        print(f"{row['id']}  {', '.join(row['operations'])}".rstrip())


def _check(file: Path, fitting: Documents, text: str) -> None:
    try:
        fitting.read(text)
    except Unfit as unfit:
        raise BadManifest(f"{file} does not fit the schema: {unfit.errors[0].message}") from None


def _operations(known: Documents, text: str) -> list[str]:
    """Names of the operations; none where a document no longer fits the schema."""
    try:
        operations = known.read(text).operations
    except Unfit:
        return ["(does not fit the schema)"]
    return [name for name in operations if name]


def _write(path: Path, documents: dict[str, Any]) -> None:
    """Replace the manifest in one step: a server that reads it meanwhile sees the old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    draft.replace(path)
