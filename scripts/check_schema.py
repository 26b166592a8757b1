"""Fails where schema.graphql is not what the code prints."""

import difflib
import sys
from pathlib import Path

from graphql_api.schema import sdl

KEPT = Path(__file__).parent.parent / "schema.graphql"


def main() -> int:
    kept, printed = KEPT.read_text(), sdl()
    if kept == printed:
        print("schema.graphql is what the code prints")
        return 0
    lines = difflib.unified_diff(kept.splitlines(), printed.splitlines(), "schema.graphql", "code")
    print("\n".join(lines))
    print("schema.graphql differs from the code; make schema prints it anew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
