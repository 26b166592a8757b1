"""What may be asked of an account and of a key, down to the last character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.errors import BadInput
from graphql_api.guard.limits import DAY
from graphql_api.guard.networks import within
from graphql_api.guard.terms import BOUNDS, KeyTerms, check_overrides, readable
from graphql_api.stores import Overrides, Scope

NOON = 1_795_262_400_000_000


def test_terms_are_kept_in_one_form():
    asked = KeyTerms(
        "  nai\u0308ve ", [Scope.ADMIN, Scope.ADMIN], networks=["192.0.2.1", "192.0.2.1/32"]
    )
    kept = asked.checked(NOON)
    assert kept == KeyTerms("naïve", (Scope.ADMIN,), networks=("192.0.2.1/32",))
    assert kept.checked(NOON) == kept


@pytest.mark.parametrize("label", ["", "   ", "\t"])
def test_a_key_needs_no_label(label):
    assert KeyTerms(label).checked(NOON).label == ""


@pytest.mark.parametrize(
    "name", ["Größe & Söhne", "株式会社", "شركة", "a" * 100, "e\u0301" * 100, "🚀 rockets"]
)
def test_names_of_all_the_world_are_kept(name):
    assert readable("A name", name) in {name, "é" * 100}


@pytest.mark.parametrize(
    "name",
    [
        "a\x00",
        "a\x1b[31m",
        "a\u2028b",
        "a\u202eb",
        "a\u2066b",
        "\ufeffa",
        "a\u200db",
        "\ud800",
        "\ue000",
    ],
)
def test_characters_that_do_not_show_are_named(name):
    with pytest.raises(BadInput, match=r"holds U\+[0-9A-F]{4}"):
        readable("A name", name)


def kept_or_refused(ask, *given):
    """What is kept, or the sentence of its refusal."""
    try:
        return ask(*given), ""
    except BadInput as error:
        return None, error.message


def network(text):
    (kept,) = KeyTerms(networks=[text]).checked(NOON).networks
    return kept


@settings(max_examples=100)
@given(st.text(max_size=120))
def test_a_name_that_is_kept_shows_whole_and_is_kept_the_same_again(name):
    kept, said = kept_or_refused(readable, "A name", name)
    assert len(said) < 200
    if not said:
        assert kept.replace("\xa0", " ").isprintable() or any(map(str.isspace, kept))
        assert 1 <= len(kept) <= 100
        assert readable("A name", kept) == kept


@settings(max_examples=100)
@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_that_is_kept_holds_what_was_meant(address, prefix):
    text = f"{address}/{prefix}"
    kept, said = kept_or_refused(network, text)
    if said:
        assert repr(text) in said
    else:
        assert within(str(address), [kept])
        assert network(kept) == kept


@settings(max_examples=100)
@given(st.text(max_size=30))
def test_whatever_is_given_for_a_network_is_taken_or_refused_in_words(text):
    kept, said = kept_or_refused(network, text)
    assert said or within(kept.partition("/")[0], [kept])


@pytest.mark.parametrize("name", BOUNDS)
def test_an_override_lies_between_its_bounds(name):
    least, most = BOUNDS[name]
    for value in (least, most, None):
        check_overrides(Overrides(**{name: value}))
    for value in (least - 1, most + 1, 0, -1, 2**31):
        with pytest.raises(BadInput, match=name.replace("_", " ")):
            check_overrides(Overrides(**{name: value}))


def test_times_are_taken_to_the_edge():
    edge = NOON + 10 * 365 * DAY
    assert KeyTerms(not_before=edge - 1, expires_at=edge).checked(NOON).expires_at == edge
    assert KeyTerms(not_before=0).checked(NOON).not_before == 0
    for terms in (
        KeyTerms(expires_at=edge + 1),
        KeyTerms(not_before=edge + 1),
        KeyTerms(expires_at=NOON),
        KeyTerms(not_before=NOON + 5, expires_at=NOON + 5),
    ):
        with pytest.raises(BadInput):
            terms.checked(NOON)
