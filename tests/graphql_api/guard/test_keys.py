"""API keys: their shape, their checksum, and the sentence that each bad one gets."""

import re
import zlib

import pytest

from graphql_api.errors import Unauthenticated
from graphql_api.guard.keys import ALPHABET, check, digest, mint


def checksum(body):
    value, text = zlib.crc32(body.encode()), ""
    while value:
        value, digit = divmod(value, 62)
        text = ALPHABET[digit] + text
    return text.rjust(6, "0")


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_new_key_is_good_in_its_own_environment(environment):
    for _ in range(200):
        key = mint(environment)
        assert re.fullmatch(rf"ip_{environment}_[0-9A-Za-z]{{36}}", key)
        assert key[-6:] == checksum(key[8:38])
        check(key, environment)


def test_no_two_keys_are_alike():
    assert len({mint("live") for _ in range(1_000)}) == 1_000


def test_the_digest_is_sha_256_in_hex():
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "secret",
        "ip_live_",
        "ip_live_" + "a" * 35,
        "ip_live_" + "a" * 37,
        "IP_LIVE_" + "a" * 36,
        "ip_prod_" + "a" * 36,
        "ip_live_" + "a" * 35 + "é",
        "ip_live_" + "a" * 35 + "\n",
        " " + "ip_live_" + "a" * 36,
        "ip_live_" + "a" * 36 + "\n",
        "a" * 1_000_000,
        "ip_live_" + "٣" * 36,
    ],
)
def test_junk_is_no_key_and_is_not_repeated(junk):
    with pytest.raises(Unauthenticated, match="not an API key") as refusal:
        check(junk, "live")
    assert "ip_live_" in refusal.value.message
    assert len(refusal.value.message) < 200
    if len(junk) > 8:
        assert junk not in refusal.value.message


def test_one_character_mistyped_is_always_noticed():
    key = mint("live")
    for place in range(8, 44):
        other = "x" if key[place] != "x" else "y"
        mistyped = key[:place] + other + key[place + 1 :]
        with pytest.raises(Unauthenticated, match="checksum") as refusal:
            check(mistyped, "live")
        assert mistyped not in str(refusal.value)


@pytest.mark.parametrize(("kind", "taken"), [("test", "live"), ("live", "test")])
def test_a_key_of_the_other_environment_is_told_so(kind, taken):
    key = mint(kind)
    with pytest.raises(Unauthenticated) as refusal:
        check(key, taken)
    assert refusal.value.message == (
        f"This is a {kind} key, and this service takes {taken} keys, which start with ip_{taken}_."
    )
