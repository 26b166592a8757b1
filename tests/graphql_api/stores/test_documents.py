"""What both homes of registered documents keep to."""

import threading
from dataclasses import replace

import pytest

from graphql_api.guard.accounts import ulid
from graphql_api.stores import AuditEntry, DocumentStore, StoreUnavailable
from graphql_api.stores.sqlite import SqliteStore

ENTRY = AuditEntry("01HZX0000000000000000000A", "acct", 5, "key", "documents.registered", {})
TEXTS = {f"sha256:{number:064}": f"{{ a{number}: __typename }}" for number in range(20)}


def entry() -> AuditEntry:
    return replace(ENTRY, id=ulid(5_000_000))


def test_it_is_a_store_of_documents(store) -> None:
    typed: DocumentStore = store
    assert typed.find_document("sha256:0") is None


def test_documents_are_kept_with_their_entry_and_found(store) -> None:
    made = entry()
    assert store.keep_documents(TEXTS, made, 1_000) == TEXTS.keys()
    assert {name: store.find_document(name) for name in TEXTS} == TEXTS
    assert store.audit_log("acct") == [made]


def test_what_is_there_already_is_kept_once_and_no_mistake(store) -> None:
    names = sorted(TEXTS)
    first = {name: TEXTS[name] for name in names[:3]}
    store.keep_documents(first, entry(), 10)
    both = {name: TEXTS[name] for name in names[2:5]}
    assert store.keep_documents(both, entry(), 10) == set(names[3:5])
    assert store.keep_documents(both, entry(), 10) == frozenset()
    assert len(store.audit_log("acct")) == 3


def test_there_is_an_end_to_how_many_are_kept_and_then_nothing_is(store) -> None:
    names = sorted(TEXTS)
    assert store.keep_documents({n: TEXTS[n] for n in names[:4]}, entry(), 5)
    more = {name: TEXTS[name] for name in names[3:7]}
    assert store.keep_documents(more, entry(), 5) is None
    assert store.find_document(names[4]) is None
    assert len(store.audit_log("acct")) == 1
    assert store.keep_documents({n: TEXTS[n] for n in names[3:5]}, entry(), 5) == {names[4]}
    assert store.keep_documents({names[5]: TEXTS[names[5]]}, entry(), 5) is None


def test_they_survive_a_restart(sqlite) -> None:
    name, text = next(iter(TEXTS.items()))
    sqlite.keep_documents({name: text}, entry(), 5)
    sqlite.close()
    again = SqliteStore(sqlite.path)
    assert again.find_document(name) == text
    again.close()


def test_who_registers_at_the_same_time_registers_each_once(store) -> None:
    """Racing for few places: never more than there are, and each document counted once."""
    names = sorted(TEXTS)
    won: list[frozenset[str]] = []

    def register(start: int) -> None:
        some = {name: TEXTS[name] for name in names[start : start + 3]}
        try:
            won.append(store.keep_documents(some, entry(), 9) or frozenset())
        except StoreUnavailable:
            won.append(frozenset())  # too many at once, said so

    threads = [threading.Thread(target=register, args=(start,)) for start in (0, 1, 2, 8, 9, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [name for name in names if store.find_document(name)]
    assert sorted(name for one in won for name in one) == kept
    assert len(kept) <= 9


def test_a_document_that_comes_between_is_looked_up_again(dynamodb, monkeypatch) -> None:
    names = sorted(TEXTS)
    dynamodb.keep_documents({names[0]: TEXTS[names[0]]}, entry(), 9)
    look_up = type(dynamodb)._look_up
    told = [(0, set())]  # as it was before the other one came

    def outdated(self, documents):
        return told.pop() if told else look_up(self, documents)

    monkeypatch.setattr(type(dynamodb), "_look_up", outdated)
    some = {name: TEXTS[name] for name in names[:2]}
    assert dynamodb.keep_documents(some, entry(), 9) == {names[1]}
    monkeypatch.setattr(type(dynamodb), "_look_up", lambda *_: (0, set()))
    with pytest.raises(StoreUnavailable, match="same time"):
        dynamodb.keep_documents(some, entry(), 9)
