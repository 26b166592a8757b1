"""Whether a client's copy holds, by the forms that If-None-Match may have."""

import pytest

from graphql_api.http.conditional import holds

TAG = 'W/"abc"'


@pytest.mark.parametrize("header", ['W/"abc"', '"abc"', '"x", W/"abc"', "*", ' W/"abc" , "y"'])
def test_a_tag_of_ours_holds(header) -> None:
    assert holds(header, TAG)


@pytest.mark.parametrize("header", [None, "", "abc", '"ab"', 'W/"abcd"', '"x"', '"x" "', "W/"])
def test_other_tags_do_not(header) -> None:
    assert not holds(header, TAG)
