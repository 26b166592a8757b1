"""What an exact record of grants says: the worst of all intervals, and the most a day ever held."""

from collections.abc import Iterable

__all__ = ["SECOND", "most_in_any_interval", "most_in_use"]

SECOND = 1_000_000  # microseconds


def most_in_any_interval(grants: Iterable[tuple[int, int]], per_second: int) -> int:
    """The largest, over all intervals, of what was granted less rate times length; in millionths.

        max over i <= j of   1e6 * (n[i] + ... + n[j])  -  per_second * (t[j] - t[i])

    An interval that begins or ends between two grants is longer and holds no more, so those from
    grant to grant are all that matter. The best one that ends at a grant either begins there or
    extends the best one that ends at the grant before: one pass, in integers.

    Parameters
    ----------
    grants : of (microseconds, requests)
        In any order.
    """
    worst = ending_here = last = 0
    for at, requests in sorted(grants):
        ending_here = max(0, ending_here - per_second * (at - last)) + SECOND * requests
        worst = max(worst, ending_here)
        last = at
    return worst


def most_in_use(
    granted: Iterable[tuple[int, int]], given_back: Iterable[tuple[int, int]] = ()
) -> int:
    """The most units that were surely in use at any moment, after grants and refunds in turn.

    Parameters
    ----------
    granted : of (microseconds, units)
        When the grant was in hand: it had been charged by then.
    given_back : of (microseconds, units)
        When the refund was begun: it had not been done before.
    """
    changes = [(at, units) for at, units in granted] + [(at, -units) for at, units in given_back]
    most = used = 0
    for _, units in sorted(changes):  # of one moment the refunds come first
        used += units
        most = max(most, used)
    return most
