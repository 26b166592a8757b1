"""Fails where the README names a query, setting, target or file that does not exist."""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from graphql import GraphQLSyntaxError, parse, validate

from graphql_api.schema import core_schema
from graphql_api.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent


def problems(text: str) -> Iterator[str]:
    """Each thing that the text says and the tree does not hold."""
    for query in re.findall(r"```graphql\n(.*?)```", text, re.DOTALL):
        try:
            errors = validate(core_schema(), parse(query))
        except GraphQLSyntaxError as error:
            errors = [error]
        for error in errors:
            yield f"a query does not fit the schema: {error.message}"
    for field in fields(Settings):
        if f"`{PREFIX}{field.name.upper()}`" not in text:
            yield f"the setting {PREFIX}{field.name.upper()} is not told"
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    for name in set(re.findall(rf"{PREFIX}[A-Z_]+", text)) - known:
        yield f"{name} is no setting"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for target in set(re.findall(r"`make ([a-z-]+)", text)) - targets:
        yield f"make {target} is no target"
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        if not (ROOT / link).exists():
            yield f"the link {link} leads nowhere"


def main() -> int:
    found = list(problems((ROOT / "README.md").read_text()))
    for problem in found:
        print(f"README.md: {problem}")
    if not found:
        print("README.md says what is so")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
