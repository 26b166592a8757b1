"""Limits on a document's text, before it is parsed: characters, tokens, and brackets."""

from typing import Final

from graphql import GraphQLError, Source, TokenKind
from graphql.language import Lexer

from graphql_api.limits.bounds import LIMITS, beyond

__all__ = ["check_text"]

OPENING: Final = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
CLOSING: Final = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})


def check_text(text: str) -> GraphQLError | None:
    """What of a text is over its limit, if anything is.

    One pass over the tokens, which stops where there are too many. The parser has limits of its
    own on both, and words of its own for them; and it nests as deeply as the brackets do.

    Raises
    ------
    GraphQLSyntaxError
        When a token is none.
    """
    if len(text) > LIMITS["characters"].maximum:
        return beyond("characters", len(text))
    lexer = Lexer(Source(text))
    tokens = nesting = deepest = 0
    while (kind := lexer.advance().kind) is not TokenKind.EOF:
        tokens += 1
        if tokens > LIMITS["tokens"].maximum:
            return beyond("tokens", tokens, at_least=True)
        if kind in OPENING:
            nesting += 1
            deepest = max(deepest, nesting)
        elif kind in CLOSING:
            nesting -= 1
    return beyond("nesting", deepest) if deepest > LIMITS["nesting"].maximum else None
