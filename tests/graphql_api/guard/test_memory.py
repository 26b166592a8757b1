"""The bounded memory."""

from graphql_api.guard.memory import Memory


def test_what_is_remembered_is_forgotten_when_its_time_is_over():
    memory = Memory(size=10)
    memory.put("key", "value", until=100)
    assert memory.get("key", now=99) == "value"
    assert memory.get("key", now=100) is None
    assert len(memory) == 0


def test_the_one_asked_for_longest_ago_makes_room():
    memory = Memory(size=2)
    memory.put("a", 1, until=100)
    memory.put("b", 2, until=100)
    assert memory.get("a", now=0) == 1
    memory.put("c", 3, until=100)
    assert (memory.get("a", 0), memory.get("b", 0), memory.get("c", 0)) == (1, None, 3)
    assert len(memory) == 2


def test_a_newer_value_takes_the_place_of_an_older():
    memory = Memory(size=2)
    memory.put("a", 1, until=100)
    memory.put("a", 2, until=200)
    assert memory.get("a", now=150) == 2
    assert len(memory) == 1


def test_forgetting_what_was_never_known_is_no_fault():
    memory = Memory(size=2)
    memory.put("a", 1, until=100)
    memory.forget("a")
    memory.forget("a")
    assert memory.get("a", now=0) is None
