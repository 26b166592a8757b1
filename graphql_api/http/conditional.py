"""Conditional requests: whether the copy that a client holds still is the answer."""

import re

__all__ = ["holds"]

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def holds(if_none_match: str | None, etag: str) -> bool:
    """Whether one of a client's tags is ours, by RFC 9110's weak comparison.

    Parameters
    ----------
    if_none_match : str or None
        The If-None-Match header: tags separated by commas, or a star for any.
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in _TAG.findall(if_none_match[:4000])
