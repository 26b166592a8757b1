"""What a process holds is bounded by bytes."""

from market_data.stores.held import Held


def test_the_least_recently_used_goes_first():
    held = Held(10)
    for key in "abc":
        held.put(key, key.upper(), 3)
    assert held.get("a") == "A"
    held.put("d", "D", 3)
    assert [held.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert (held.bytes, len(held)) == (9, 3)


def test_what_is_too_large_by_itself_is_not_held():
    held = Held(10)
    held.put("a", "A", 3)
    held.put("a", "AA", 11)
    assert held.get("a") is None
    assert held.bytes == 0


def test_a_value_that_is_put_again_counts_once():
    held = Held(10)
    for size in (3, 4, 5):
        held.put("a", size, size)
    assert (held.get("a"), held.bytes) == (5, 5)
    held.drop("a")
    held.drop("a")
    assert (held.get("a"), held.bytes, len(held)) == (None, 0, 0)
