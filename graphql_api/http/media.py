"""Which of our two media types an Accept header wants."""

from graphql_api.errors import NotAcceptable

__all__ = ["JSON", "RESPONSE_JSON", "negotiate", "weighed"]

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"

# In the order in which a tie is decided: a caller who accepts anything is answered in the older
# type, whose status is 200 even for a query that does not parse.
_OURS = (JSON, RESPONSE_JSON)


def negotiate(accept: str | None) -> str:
    """The media type of the answer, by RFC 9110: the range that fits best gives a type its weight.

    Parameters
    ----------
    accept : str or None
        The Accept header; without one, or with an empty one, anything will do.

    Raises
    ------
    NotAcceptable
        When the header leaves neither of ours.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = [weighed(part) for part in accept.split(",")[:64] if part.strip()]
    best, weight = "", 0.0
    for ours in _OURS:
        fitting = [(_specific(name), q) for name, q in ranges if _fits(name, ours)]
        q = max(fitting)[1] if fitting else 0.0
        if q > weight:
            best, weight = ours, q
    if not best:
        raise NotAcceptable(f"Accept leaves no answer: accept {RESPONSE_JSON} or {JSON}.")
    return best


def _fits(name: str, ours: str) -> bool:
    return name in {ours, "application/*", "*/*"}


def _specific(name: str) -> int:
    return 0 if name == "*/*" else 1 if name.endswith("/*") else 2


def weighed(part: str) -> tuple[str, float]:
    """One part of an Accept header or its kin: its name in small letters, and its weight.

    A weight that is none, and a charset that we do not write, count as 0.
    """
    name, *parameters = (piece.strip() for piece in part.split(";"))
    weight, charset = 1.0, True
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        value = value.strip().strip('"').lower()
        if key.strip().lower() == "q":
            try:
                weight = min(1.0, max(0.0, float(value)))
            except ValueError:
                weight = 0.0
        elif key.strip().lower() == "charset":
            charset = value in {"utf-8", "utf8"}
    return name.lower(), weight if charset and weight == weight else 0.0
