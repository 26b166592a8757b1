"""Half an answer is no answer: not a key that is unknown, nor a write without a result."""

import socket
import threading
import zlib

import pytest

from graphql_api.stores import Charge, StoreUnavailable
from graphql_api.stores.dynamodb import DynamoDBStore, connect
from market_data.aws.calls import Calls

WHOLE = b'{"Attributes": {"used": {"N": "7"}, "tat": {"N": "1"}}, "Item": {"pk": {"S": "a"}}}'
HALF = WHOLE[: len(WHOLE) // 2]
CHARGE = Charge("01ACCOUNT", "2026-11-21", "a" * 64, requests=1, units=7, room=None)


def headed(body, length=None, checksum=None):
    lines = [
        "HTTP/1.1 200 OK",
        "Content-Type: application/x-amz-json-1.0",
        "Connection: close",
        *([f"Content-Length: {length}"] if length is not None else []),
        *([f"x-amz-crc32: {checksum}"] if checksum is not None else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def answering(monkeypatch):
    """Serves the same bytes to whoever asks, then hangs up."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(answer):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    def start(answer):
        thread = threading.Thread(target=serve, args=(answer,), daemon=True)
        thread.start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


CUT = {
    "half": headed(HALF, length=len(WHOLE)),
    "nothing after the head": headed(b"", length=len(WHOLE)),
    "half, and no length": headed(HALF, checksum=zlib.crc32(WHOLE)),
    "another byte": headed(WHOLE.replace(b"7", b"8"), len(WHOLE), zlib.crc32(WHOLE)),
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
def test_an_answer_that_is_cut_short_is_an_outage(answering, answer):
    endpoint = answering(answer)
    store = DynamoDBStore(connect("eu-central-1", endpoint), "accounts", sleep=lambda s: None)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        store.find_key("a" * 64)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        store.idle(CHARGE, 0, 1)
    store.close()
    bars = connect("eu-central-1", endpoint)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        Calls.ask(bars.get_item, TableName="bars", Key={"pk": {"S": "a"}})
    bars.close()


def test_a_whole_answer_is_taken(answering):
    endpoint = answering(headed(WHOLE, len(WHOLE), zlib.crc32(WHOLE)))
    store = DynamoDBStore(connect("eu-central-1", endpoint), "accounts")
    assert store.idle(CHARGE, 0, 1).usage.units_used == 7
    store.close()
