"""What may be asked of an account and of a key: names, limits, scopes, times, networks."""

import ipaddress
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from graphql_api.errors import BadInput
from graphql_api.guard.limits import DAY
from graphql_api.guard.plans import PLANS
from graphql_api.stores import Overrides, Scope

__all__ = ["KeyTerms", "check_overrides", "check_plan", "readable"]

LONGEST_NAME: Final = 100  # characters
MOST_NETWORKS: Final = 50
LONGEST_LIFE: Final = 10 * 365 * DAY
BOUNDS: Final = {
    "per_second": (1, 10_000),
    "burst": (2, 100_000),  # of one request, rounding would leave none
    "units_per_day": (1, 1_000_000_000),
    "single_query": (1, 100_000),
}
# Controls, formats (which turn text around or hide in it), surrogates, private and unassigned
# characters, and the separators of lines and paragraphs.
UNREADABLE: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key shall be good for, in the form in which it is kept.

    ``label`` says what it is for; ``not_before`` and ``expires_at`` are microseconds since the
    epoch; ``networks`` are blocks of addresses in CIDR form, none meaning from anywhere.
    """

    label: str = ""
    scopes: Iterable[Scope] = (Scope.SIGNALS_READ,)
    not_before: int | None = None
    expires_at: int | None = None
    networks: Iterable[str] = ()

    def checked(self, now: int) -> "KeyTerms":
        """The same, written in the one form that is kept.

        Raises
        ------
        BadInput
            When the key could do nothing, would never be valid, or a value cannot be meant.
        """
        scopes = tuple(sorted(set(self.scopes)))
        if not scopes:
            raise BadInput("A key needs at least one scope, or it could do nothing.")
        _check_times(self.not_before, self.expires_at, now)
        label = readable("The label of a key", self.label) if self.label.strip() else ""
        networks = _networks(self.networks)
        return KeyTerms(label, scopes, self.not_before, self.expires_at, networks)


def readable(what: str, text: str) -> str:
    """A name as it is kept: in Unicode's composed form, without spaces around it.

    Raises
    ------
    BadInput
        For none, a long one, or one with characters that do not show.
    """
    text = unicodedata.normalize("NFC", text.strip()) if len(text) <= 10 * LONGEST_NAME else text
    if not 1 <= len(text) <= LONGEST_NAME:
        raise BadInput(f"{what} has 1 to {LONGEST_NAME} characters.")
    for letter in text:
        if unicodedata.category(letter) in UNREADABLE:
            raise BadInput(
                f"{what} holds U+{ord(letter):04X}, which does not show or turns what stands "
                "around it; write letters, digits, marks and plain spaces."
            )
    return text


def check_plan(plan: str) -> None:
    """Raise BadInput for a plan that is not sold."""
    if plan not in PLANS:
        raise BadInput(f"There is no plan of that name; the plans are {', '.join(PLANS)}.")


def check_overrides(overrides: Overrides) -> None:
    """Raise BadInput for a limit that is none."""
    for name, value in asdict(overrides).items():
        least, most = BOUNDS[name]
        if value is not None and not least <= value <= most:
            words = name.replace("_", " ")
            raise BadInput(f"{words} is {value}; an account is given {least:,} to {most:,}.")


def _check_times(not_before: int | None, expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise BadInput("The key would have expired already.")
    for what, at in (("begin", not_before), ("expire", expires_at)):
        if at is not None and at > now + LONGEST_LIFE:
            raise BadInput(f"The key would {what} in more than ten years; give none, or less.")
    if not_before is not None and expires_at is not None and expires_at <= not_before:
        raise BadInput("The key would expire before it begins.")


def _networks(given: Iterable[str]) -> tuple[str, ...]:
    """Networks in canonical form, in order, each once."""
    found = tuple(dict.fromkeys(map(_network, given)))
    if len(found) > MOST_NETWORKS:
        raise BadInput(f"{len(found)} networks are given; a key has at most {MOST_NETWORKS}.")
    return found


def _network(text: str) -> str:
    right = "write a block of addresses as 192.0.2.0/24 or 2001:db8::/32, or a single address"
    shown = repr(text) if len(text) <= 50 else f"{text[:50]!r}..."
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise BadInput(f"{shown} is no network: {right}.") from None
    if "%" in text or ("/" in text and not text.partition("/")[2].isdecimal()):
        raise BadInput(f"{shown} is no network: {right}, without a zone or a mask.")
    if network.prefixlen == 0:
        raise BadInput(f"{shown} is everywhere: give no networks where any may use the key.")
    if ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        raise BadInput(f"{shown} has bits set outside of its prefix: write {network}.")
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        raise BadInput(f"{shown} is IPv4 within IPv6: write the network of IPv4.")
    return str(network)
