"""Keys that are bound to networks, without a CDN: the peer is believed, and nobody's words."""

import urllib.error
import urllib.request

import pytest

QUERY = b'{"query": "{ __typename }"}'
JSON = {"content-type": "application/json"}
SPOOFED = {
    "x-forwarded-for": "198.51.100.7",
    "forwarded": "for=198.51.100.7",
    "x-real-ip": "198.51.100.7",
    "cloudfront-viewer-address": "198.51.100.7:1",
    "x-viewer-address": "198.51.100.7:1",
    "x-origin-secret": "guessed",
}


def test_of_a_function_url_the_event_s_source_counts(lambda_, bound_key) -> None:
    for networks in (("192.0.2.0/24",), ("2001:db8::/32", "192.0.2.1/32")):
        headers = JSON | SPOOFED | {"x-api-key": bound_key(lambda_, *networks)}
        assert lambda_.send("POST", "/graphql", headers, QUERY).status == 200


@pytest.mark.parametrize("body", [QUERY, b"not even JSON"])
def test_from_elsewhere_nothing_is_read(lambda_, bound_key, body) -> None:
    key = bound_key(lambda_, "198.51.100.0/24")
    for _ in range(2):  # the second time from memory
        answer = lambda_.send("POST", "/graphql", JSON | SPOOFED | {"x-api-key": key}, body)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
        message = answer.json["errors"][0]["message"]
        assert message.startswith("This API key may not be used from the network")
        assert "198.51" not in answer.body.decode()


def test_of_what_has_no_address_a_bound_key_is_refused(http, bound_key) -> None:
    headers = JSON | {"x-api-key": bound_key(http, "0.0.0.0/0", "::/0")}
    assert http.send("POST", "/graphql", headers, QUERY).status == 403


def post(server, key):
    request = urllib.request.Request(
        f"{server.url}/graphql", data=QUERY, headers=JSON | SPOOFED | {"x-api-key": key}
    )
    return urllib.request.urlopen(request, timeout=30)


def test_of_a_server_the_socket_s_peer_counts(server, served_key) -> None:
    with post(server, served_key("127.0.0.0/8")) as answer:
        assert answer.status == 200
    # A proxy's words are believed by nobody: no header makes this machine another.
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        post(server, served_key("198.51.100.0/24"))
    refused.value.close()
