"""Fails where schema.graphql is not what the code prints, or breaks clients of the last release.

What docs/schema-policy.md says is held here: nothing is taken away that was not deprecated in the
released schema, with a date that has passed.
"""

import difflib
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    NamedTypeNode,
    Node,
    ObjectTypeDefinitionNode,
    StringValueNode,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    build_schema,
    parse,
    visit,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from graphql_api.schema import sdl

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "schema.graphql"
RELEASED = ROOT / "schema.released.graphql"
PROMISE = re.compile(r"removed after (\d{4}-\d{2}-\d{2})\.$", re.IGNORECASE)
ROOTS = {"Query", "Mutation", "Subscription"}


def drift(kept: str, printed: str) -> Iterator[str]:
    """How the file differs from the code."""
    if kept != printed:
        yield from difflib.unified_diff(
            kept.splitlines(), printed.splitlines(), "schema.graphql", "code", lineterm=""
        )
        yield "schema.graphql differs from the code; make schema prints it anew"


def unpromised(printed: str) -> Iterator[str]:
    """Deprecations that do not say until when they hold."""
    for reason in _reasons(parse(printed)):
        if _day(reason) is None:
            yield f'a deprecation says "{reason}"; it must end with "removed after 2027-01-31."'


def broken(released: str, printed: str, today: date) -> Iterator[str]:
    """Changes since the release that its clients would notice, but for what was promised to go."""
    expected = build_ast_schema(_remaining(parse(released), today))
    for change in find_breaking_changes(expected, build_schema(printed)):
        yield f"{change.type.name}: {change.description}"


def _reasons(document: DocumentNode) -> list[str]:
    found: list[str] = []

    class Collect(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value == "deprecated":
                found.append(_reason(node))

    visit(document, Collect())
    return found


def _reason(node: DirectiveNode) -> str:
    values = [one.value for one in node.arguments or () if one.name.value == "reason"]
    return values[0].value if values and isinstance(values[0], StringValueNode) else ""


def _day(reason: str) -> date | None:
    found = PROMISE.search(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _remaining(document: DocumentNode, today: date) -> DocumentNode:
    """A schema without what may be gone by now, and without the types that only that needed."""

    class Expire(Visitor):
        def enter(self, node: Node, *_: Any) -> Any:
            for directive in getattr(node, "directives", None) or ():
                day = _day(_reason(directive)) if directive.name.value == "deprecated" else None
                if day is not None and day < today:
                    return REMOVE
            return None

    needed = _named(document)
    document = visit(document, Expire())
    while orphans := needed - _named(document):
        needed = _named(document)
        document = DocumentNode(
            definitions=tuple(
                node
                for node in document.definitions
                if not (isinstance(node, TypeDefinitionNode) and _is_orphan(node, orphans))
            )
        )
    return document


def _is_orphan(node: TypeDefinitionNode, orphans: set[str]) -> bool:
    if isinstance(node, ObjectTypeDefinitionNode) and node.interfaces:
        return False  # answered wherever its interface is
    return node.name.value in orphans


def _named(document: DocumentNode) -> set[str]:
    """The types that something refers to."""
    found = set(ROOTS)

    class Collect(Visitor):
        def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
            found.add(node.name.value)

    visit(document, Collect())
    return found


def against(released: str, printed: str) -> list[str]:
    """What breaks clients of a release; what they must expect is told and breaks none."""
    try:
        problems = list(broken(released, printed, datetime.now(UTC).date()))
        expected = find_dangerous_changes(build_schema(released), build_schema(printed))
    except (GraphQLError, TypeError) as error:
        return [f"{RELEASED.name} is no schema: {error}"]
    for change in expected:
        print(f"note, clients must expect this: {change.description}")
    return problems


def main() -> int:
    printed = sdl()
    problems = [*drift(KEPT.read_text(encoding="utf-8"), printed), *unpromised(printed)]
    if RELEASED.exists():
        problems += against(RELEASED.read_text(encoding="utf-8"), printed)
    print("\n".join(problems or ["schema.graphql is what the code prints"]))
    if not problems:
        told = (
            "nothing breaks clients of the released schema"
            if RELEASED.exists()
            else "no schema was released yet, so there is none that clients could rely on"
        )
        print(told)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
