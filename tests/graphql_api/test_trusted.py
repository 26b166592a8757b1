"""Where documents with a name come from, how many are kept, and what is refused."""

import hashlib
import json
import os

import pytest

from graphql_api.cli import main
from graphql_api.documents import Unfit
from graphql_api.errors import BadRequest, Unavailable
from graphql_api.guard.reach import Reach
from graphql_api.stores import StoreUnavailable
from graphql_api.trusted import BadManifest, Trusted, read_documents, sha256_name

TEXT = "query Named { __typename }"
REACH = Reach(lambda: 0)
HASH = hashlib.sha256(TEXT.encode()).hexdigest()


def knows(trusted: Trusted, text: str) -> bool:
    try:
        return trusted.named(sha256_name(text), REACH) == text
    except Unfit:
        return False


def test_the_least_recently_used_of_the_callers_documents_goes_first() -> None:
    trusted = Trusted(None, registers=True, capacity=2)
    for text in ("a", "b"):
        trusted.learn(sha256_name(text), text)
    assert knows(trusted, "a")
    trusted.learn(sha256_name("c"), "c")
    assert [knows(trusted, text) for text in "abc"] == [True, False, True]


def test_no_caller_drives_a_deployed_document_out(tmp_path) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({f"sha256:{HASH}": TEXT}))
    trusted = Trusted(manifest, registers=True, capacity=2)
    for number in range(50):
        trusted.learn(sha256_name(str(number)), str(number))
        trusted.learn(sha256_name(TEXT), TEXT)
    assert knows(trusted, TEXT)
    assert knows(trusted, "48")  # the deployed one took none of their places
    assert sum(knows(trusted, str(number)) for number in range(50)) == 2


def test_nothing_is_learnt_where_callers_may_not_register() -> None:
    trusted = Trusted(None, registers=False)
    trusted.learn(sha256_name(TEXT), TEXT)
    assert not knows(trusted, TEXT)
    with pytest.raises(Unfit) as unfit:
        trusted.hashed(sha256_name(TEXT), None, REACH)
    assert unfit.value.code == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert trusted.hashed(sha256_name(TEXT), TEXT, REACH) == TEXT
    with pytest.raises(BadRequest):
        trusted.hashed(sha256_name("other"), TEXT, REACH)


class Kept:
    """A store of documents that counts how often it is asked."""

    def __init__(self, *texts: str) -> None:
        self.texts = {sha256_name(text): text for text in texts}
        self.asked: list[str] = []

    def find_document(self, name: str) -> str | None:
        self.asked.append(name)
        return self.texts.get(name)

    def keep_documents(self, *_) -> None:
        raise AssertionError


def test_a_document_of_the_store_is_read_once_and_remembered(clock) -> None:
    store = Kept(TEXT)
    trusted = Trusted(None, registers=False, store=store, clock=clock)
    for _ in range(3):
        assert knows(trusted, TEXT)
        assert trusted.hashed(sha256_name(TEXT), None, REACH) == TEXT
    assert store.asked == [sha256_name(TEXT)]
    assert not knows(trusted, "{ other }")


def test_a_document_that_is_missing_is_asked_for_again_after_five_seconds(clock) -> None:
    store = Kept()
    trusted = Trusted(None, registers=True, store=store, clock=clock)
    for _ in range(3):
        assert not knows(trusted, TEXT)
    assert len(store.asked) == 1
    store.texts[sha256_name(TEXT)] = TEXT  # by another process
    assert not knows(trusted, TEXT)
    clock.move(5)
    assert knows(trusted, TEXT)
    assert len(store.asked) == 2


def test_what_this_process_registers_is_there_at_once(clock) -> None:
    store = Kept()
    trusted = Trusted(None, registers=True, store=store, clock=clock)
    assert not knows(trusted, TEXT)
    store.texts[sha256_name(TEXT)] = TEXT
    trusted.was_kept([sha256_name(TEXT)])
    assert knows(trusted, TEXT)


def test_callers_never_drive_out_what_the_store_has_and_names_of_all_kinds_are_bounded(
    clock,
) -> None:
    store = Kept(TEXT)
    trusted = Trusted(None, registers=True, store=store, clock=clock, capacity=2)
    assert knows(trusted, TEXT)
    for number in range(2_000):
        trusted.learn(sha256_name(str(number)), str(number))
        assert not knows(trusted, f"none {number}")
    assert knows(trusted, TEXT)
    assert len(trusted._missed) <= 1_000
    assert len(trusted._registered) <= 2
    assert store.asked.count(sha256_name(TEXT)) == 1


def test_only_a_hash_is_looked_up_in_the_store(clock) -> None:
    store = Kept()
    trusted = Trusted(None, registers=True, store=store, clock=clock)
    for name in ("named", "é", "x" * 500, "sha256:1", ""):
        with pytest.raises(Unfit):
            trusted.named(name, REACH)
    assert store.asked == []


def test_a_store_that_is_away_is_said_and_not_taken_for_a_missing_document(clock) -> None:
    class Away(Kept):
        def find_document(self, name: str) -> str | None:
            raise StoreUnavailable("away")

    trusted = Trusted(None, registers=True, store=Away(), clock=clock)
    with pytest.raises(Unavailable):
        trusted.named(sha256_name(TEXT), Reach(clock))


@pytest.mark.parametrize("name", [HASH, HASH.upper(), f"sha256:{HASH}", f"SHA256:{HASH}", "named"])
def test_a_manifest_is_plain_or_apollos(tmp_path, name) -> None:
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({name: TEXT}))
    apollo = tmp_path / "apollo.json"
    operations = [{"id": name, "name": "Named", "type": "query", "body": TEXT}]
    head = {"format": "apollo-persisted-query-manifest", "version": 1}
    apollo.write_text(json.dumps(head | {"operations": operations}))
    for path in (plain, apollo, tmp_path):
        assert Trusted(path, registers=False).named(name, REACH) == TEXT
        assert Trusted(path, registers=False).named(f"sha256:{HASH}", REACH) == TEXT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "no manifest"),
        ('{"a": 1}', "names no text"),
        ('{"a": " "}', "names no text"),
        ('{"operations": [3]}', "names no text"),
        (json.dumps({"0" * 64: TEXT}), "not the SHA-256"),
        (json.dumps({"sha256:" + "0" * 64: TEXT}), "not the SHA-256"),
        (json.dumps({"md5:0": TEXT}), "a name is"),
        (json.dumps({"a b": TEXT}), "a name is"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(tmp_path, content, said) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(BadManifest, match=said):
        read_documents(path)


def test_bytes_that_are_no_text_are_refused(tmp_path) -> None:
    path = tmp_path / "bad.graphql"
    path.write_bytes(b"\xff")
    with pytest.raises(BadManifest, match="UTF-8"):
        read_documents(path)


def test_one_name_for_two_documents_is_refused(tmp_path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"named": TEXT}))
    (tmp_path / "b.json").write_text(json.dumps({"named": "{ __typename }"}))
    with pytest.raises(BadManifest, match="another document"):
        read_documents(tmp_path)


def test_there_is_a_most_that_can_be_deployed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("graphql_api.trusted.MAX_DEPLOYED", 1)
    (tmp_path / "a.json").write_text(json.dumps({"named": TEXT}))
    with pytest.raises(BadManifest, match="there may be 1"):
        read_documents(tmp_path)


def test_a_file_that_breaks_while_it_is_served_leaves_what_there_was(tmp_path) -> None:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"named": TEXT}))
    trusted = Trusted(path, registers=False)
    path.write_text("{")
    os.utime(path, (1, 1))
    assert not knows(trusted, "another")
    assert trusted.named("named", REACH) == TEXT


def test_documents_are_registered_and_listed_on_the_command_line(tmp_path, capsys) -> None:
    folder = ["--data", str(tmp_path / "data")]
    file = tmp_path / "named.graphql"
    file.write_text(TEXT)
    assert main(["documents", "list", *folder]) == 0
    assert capsys.readouterr().out == ""
    assert main(["documents", "register", str(file), *folder]) == 0
    assert capsys.readouterr().out == f"sha256:{HASH}\n"
    assert main(["documents", "list", *folder]) == 0
    assert capsys.readouterr().out == f"sha256:{HASH}  Named\n"
    assert main(["documents", "list", "--json", *folder]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {"id": f"sha256:{HASH}", "operations": ["Named"], "sha256": f"sha256:{HASH}"}


def test_files_are_registered_all_or_none(tmp_path, capsys) -> None:
    folder = ["--data", str(tmp_path / "data")]
    good, bad = tmp_path / "good.graphql", tmp_path / "bad.graphql"
    good.write_text(TEXT)
    bad.write_text("{ nothing }")
    assert main(["documents", "register", str(good), str(bad), *folder]) == 1
    said = capsys.readouterr()
    assert "bad.graphql does not fit the schema" in said.err
    assert main(["documents", "list", *folder]) == 0
    assert capsys.readouterr().out == ""


def test_a_name_never_changes_its_meaning(tmp_path, capsys) -> None:
    folder = ["--data", str(tmp_path / "data")]
    file = tmp_path / "manifest.json"
    for text, status in ((TEXT, 0), (TEXT, 0), ("{ __typename }", 1)):
        file.write_text(json.dumps({"named": text}))
        assert main(["documents", "register", str(file), *folder]) == status
    assert "another document" in capsys.readouterr().err
