"""Networks: which addresses lie in them, and what is no address at all."""

import pytest

from graphql_api.guard.networks import all_within, within

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


@pytest.mark.parametrize(
    "networks",
    [
        ["192.0.2.0/24"],
        ["192.0.2.7/32", "2001:db8:1:2::/64"],
        ["2001:db8:1::/48", "198.51.100.7"],
    ],
)
def test_networks_lie_in_others_that_hold_all_of_them(networks):
    assert all_within(networks, OFFICE)
    assert all_within(networks, ())


@pytest.mark.parametrize(
    "networks",
    [
        [],
        ["192.0.2.0/23"],
        ["192.0.2.0/24", "192.0.3.0/24"],
        ["0.0.0.0/0"],
        ["2001:db8::/32"],
        ["::ffff:192.0.2.0/120"],
    ],
)
def test_networks_of_which_a_part_lies_elsewhere_do_not(networks):
    assert not all_within(networks, OFFICE)


def test_two_halves_are_a_whole():
    halves = ("192.0.2.0/25", "192.0.2.128/25", "2001:db8::/33", "2001:db8:8000::/33")
    assert all_within(["192.0.2.0/24", "2001:db8::/32"], halves)
    assert not all_within(["192.0.2.0/24"], halves[:1])


def test_what_is_no_network_is_none():
    with pytest.raises(ValueError, match="everywhere"):
        all_within(["everywhere"], OFFICE)
