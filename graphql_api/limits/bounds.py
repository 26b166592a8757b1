"""The limits on one query, one row each, and how a refusal reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import GraphQLError, Node

__all__ = ["LIMITS", "Limit", "beyond"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of something that one query may have, or its answer."""

    name: str  # as extensions.limit says it
    maximum: int
    counted: str  # what is counted, in a refusal
    meaning: str  # for the documentation


LIMITS: Mapping[str, Limit] = {
    limit.name: limit
    for limit in (
        Limit("characters", 15_000, "characters", "Length of the document."),
        Limit("tokens", 1_000, "tokens", "Names, values and punctuation; comments are none."),
        Limit(
            "nesting",
            50,
            "brackets and fragments within each other",
            "Brackets of any kind within each other; fragments count as where they are spread.",
        ),
        Limit("operations", 5, "operations", "Queries and mutations in one document."),
        Limit("depth", 8, "fields below each other", "Fields from the root down to a leaf."),
        Limit("aliases", 15, "aliases", "Fields under another name than their own."),
        Limit("directives", 30, "directives", "Directives that are applied, of any name."),
        Limit(
            "repetitions",
            50,
            "repetitions of one field in one selection",
            "One field asked for in one selection, under whatever names.",
        ),
        Limit(
            "introspectionDepth",
            15,
            "fields below each other in introspection",
            "Fields from __schema or __type down to a leaf.",
        ),
        Limit(
            "introspectionLists",
            2,
            "lists of the schema within each other",
            "types, fields, inputFields, interfaces and possibleTypes within each other.",
        ),
        Limit(
            "introspectionAliases",
            5,
            "aliases within introspection",
            "Aliases below __schema and __type, which are aliases besides.",
        ),
        Limit(
            "merging",
            20_000,
            "comparisons of its fields with each other",
            "Comparisons of fields and fragments, to see which may share a name.",
        ),
        Limit(
            "flips",
            200,
            "searches for flip prices",
            "`flips` and `nextFlips`, each once for every signal of a list or a page.",
        ),
        Limit(
            "bytes",
            6_000_000,
            "bytes",
            "Length of the answer, in which a quotation mark or backslash counts twice.",
        ),
    )
}
"""In the order in which they are looked at: all but the last two on the document alone."""


def beyond(
    name: str, value: int, nodes: Sequence[Node] = (), *, at_least: bool = False
) -> GraphQLError:
    """The refusal of a document that has ``value`` of what may be less.

    Parameters
    ----------
    at_least : bool
        That counting stopped at ``value``.
    """
    limit = LIMITS[name]
    more = " or more" if at_least else ""
    return GraphQLError(
        f"The document has {value}{more} {limit.counted}; it may have {limit.maximum}.",
        nodes or None,
        extensions={"limit": name, "value": value, "maximum": limit.maximum},
    )
