"""Networks: which addresses lie in them, and what is no address at all."""

import pytest

from graphql_api.guard.networks import within

OFFICE = ("192.0.2.0/24", "2001:db8:1::/48", "198.51.100.7/32")


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.0",
        "192.0.2.255",
        "198.51.100.7",
        "2001:db8:1::",
        "2001:DB8:1:ffff::1",
        "2001:0db8:0001:0000:0000:0000:0000:0001",
        "::ffff:192.0.2.1",
        "::ffff:c000:0201",
        "2001:db8:1::1%eth0",
    ],
)
def test_an_address_lies_in_its_network_however_it_is_written(address):
    assert within(address, OFFICE)


@pytest.mark.parametrize(
    "address",
    [
        "192.0.3.0",
        "198.51.100.8",
        "2001:db8:2::1",
        "::ffff:192.0.3.1",
        "::192.0.2.1",
        "64:ff9b::192.0.2.1",
        "::1",
        "0.0.0.0",
        None,
        "",
        "testclient",
        "192.0.2",
        "192.0.2.1.",
        "0300.0.2.1",
        "192.0.2.01",
        "3221225985",
        "0xc0000201",
        "192.0.2.1/24",
        "192.0.2.1, 10.0.0.1",
        "192.0.2.1:443",
        "[2001:db8:1::1]",
        " 192.0.2.1",
    ],
)
def test_others_lie_in_none(address):
    assert not within(address, OFFICE)


def test_no_networks_hold_no_address_and_the_widest_hold_their_kind():
    assert not within("192.0.2.1", ())
    assert within("192.0.2.1", ("0.0.0.0/0",))
    assert within("::ffff:192.0.2.1", ("0.0.0.0/0",))
    assert not within("::ffff:192.0.2.1", ("::/0",))
    assert within("2001:db8::1", ("::/0",))
    assert not within("2001:db8::1", ("0.0.0.0/0",))
