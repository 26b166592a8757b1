"""Where a key may be used from: the networks of its list, and the address of a caller."""

import ipaddress
from collections.abc import Collection, Iterable
from functools import lru_cache

__all__ = ["address_of", "all_within", "within"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address_of(text: str | None) -> Address | None:
    """An address as it is written, in the one form that is compared; None for what is none.

    IPv4 within IPv6 (``::ffff:192.0.2.1``, as a socket of both kinds sees it) is IPv4, and a zone
    (``fe80::1%eth0``) plays no part.
    """
    if text is None:
        return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def within(text: str | None, networks: Collection[str]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    address = address_of(text)
    if address is None:
        return False
    return any(address in network for network in _parsed(tuple(networks)))


def all_within(networks: Collection[str], bounds: Collection[str]) -> bool:
    """Whether whoever may come from ``networks`` may come from ``bounds``; none are everywhere.

    Raises
    ------
    ValueError
        When one is no network.
    """
    if not bounds:
        return True
    given = [ipaddress.ip_network(one, strict=False) for one in networks]
    return bool(given) and all(_lies_in(one, _parsed(tuple(bounds))) for one in given)


def _lies_in(network: Network, bounds: Iterable[Network]) -> bool:
    """Whether a network lies in others, or in what they come to side by side."""
    if isinstance(network, ipaddress.IPv4Network):
        fours = (one for one in bounds if isinstance(one, ipaddress.IPv4Network))
        return any(map(network.subnet_of, ipaddress.collapse_addresses(fours)))
    sixes = (one for one in bounds if isinstance(one, ipaddress.IPv6Network))
    return any(map(network.subnet_of, ipaddress.collapse_addresses(sixes)))


@lru_cache(maxsize=1024)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in networks)
