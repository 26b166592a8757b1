"""Behind our own CDN: the secret it shows, and whose address it passes on."""

import asyncio

import pytest

from graphql_api.guard.secrets import Secret
from graphql_api.http.origin import BehindCdn, viewer_address

SECRET = "s" * 40
OURS = (b"x-origin-secret", SECRET.encode())
VIEWER = b"cloudfront-viewer-address"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("198.51.100.10:0", "198.51.100.10"),
        ("2001:db8:85a3:0:0:8a2e:370:7334:443", "2001:db8:85a3::8a2e:370:7334"),
        ("2001:db8::1:46532", "2001:db8::1"),
        ("[2001:db8::1]:46532", "2001:db8::1"),
        ("::ffff:198.51.100.10:46532", "198.51.100.10"),
        ("::1:1", "::1"),
    ],
)
def test_an_address_with_its_port_is_read(text, address):
    assert viewer_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        ":",
        ":443",
        "443",
        "198.51.100.10",
        "198.51.100.10:",
        "198.51.100.10:port",
        "198.51.100.10:123456",
        "198.51.100.10:-1",
        "198.51.100.10:٤٤٣",
        "198.51.100.10 :443",
        "198.51.100.300:443",
        "example.com:443",
        "198.51.100.10:443, 192.0.2.1:443",
        "192.0.2.1, 198.51.100.10:443",
        "[198.51.100.10:443",
        "2001:db8::g:443",
        "2001:db8:85a3:0:0:8a2e:370:7334",
        "x" * 10_000,
    ],
)
def test_whatever_else_is_no_address(text):
    assert viewer_address(text) is None


class App:
    """Notes what reaches it."""

    def __init__(self):
        self.scope = None

    async def __call__(self, scope, receive, send):
        self.scope = scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def app():
    return App()


@pytest.fixture(params=[False, True], ids=["alone", "in threads"])
def ask(request, app, tmp_path, clock):
    path = tmp_path / "secret"
    path.write_text(SECRET)
    secret = Secret(f"file:{path}", clock)
    behind = BehindCdn(app, secret, viewer_header=VIEWER.decode(), threads=request.param)

    def send(*headers, path="/graphql", kind="http"):
        scope = {"type": kind, "path": path, "headers": list(headers), "client": ("192.0.2.9", 5)}
        sent = []

        async def collect(message):
            sent.append(message)

        asyncio.run(behind(scope, None, collect))
        app.sent = sent
        return sent[0]["status"]

    return send


def test_with_the_secret_a_request_passes_without_it(ask, app):
    assert ask(OURS, (b"accept", b"*/*"), (VIEWER, b"198.51.100.10:46532")) == 200
    assert app.scope["client"] == ("198.51.100.10", 0)
    assert b"x-origin-secret" not in dict(app.scope["headers"])
    assert dict(app.scope["headers"])[b"accept"] == b"*/*"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-origin-secret", b"")],
        [(b"x-origin-secret", b"another")],
        [(b"x-origin-secret", SECRET[:-1].encode())],
        [(b"x-origin-secret", f"{SECRET},{SECRET}".encode())],
        [(b"x-origin-secret", b"\xff" * 40)],
        [OURS, OURS],
        [(b"x-origin-secret", b"another"), OURS],
        [OURS, (b"X-Origin-Secret", b"another")],
        [(b"x-origin-secrets", SECRET.encode())],
        [(b"authorization", f"Bearer {SECRET}".encode())],
    ],
)
def test_without_the_secret_once_nothing_is_looked_at(ask, app, headers):
    assert ask(*headers, (b"accept", b"nonsense"), (VIEWER, b"198.51.100.10:46532")) == 403
    assert app.scope is None
    body = app.sent[1]["body"]
    assert b'"code":"FORBIDDEN"' in body
    assert SECRET.encode() not in body


def test_health_and_what_is_no_request_pass(ask, app):
    assert ask(path="/health") == 200
    assert app.scope["client"] == ("192.0.2.9", 5)
    assert ask(kind="lifespan") == 200
    for path in ("/health/", "/healthy", "//health", "/health/../graphql", "/HEALTH"):
        assert ask(path=path) == 403


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(VIEWER, b"garbage")],
        [(VIEWER, b"198.51.100.10:1"), (VIEWER, b"203.0.113.9:1")],
        [(VIEWER, b"198.51.100.10:1"), (VIEWER.title(), b"198.51.100.10:1")],
        [(b"x-forwarded-for", b"198.51.100.10")],
        [(b"forwarded", b"for=198.51.100.10")],
        [(b"x-real-ip", b"198.51.100.10"), (b"true-client-ip", b"198.51.100.10")],
    ],
)
def test_where_the_cdn_names_nobody_nobody_is_believed(ask, app, headers):
    assert ask(OURS, *headers) == 200
    assert app.scope["client"] is None  # not the CDN's own address either


def test_a_client_s_own_words_change_nothing(ask, app):
    spoofed = [(b"x-forwarded-for", b"203.0.113.9"), (b"forwarded", b"for=203.0.113.9")]
    assert ask(*spoofed, OURS, (VIEWER, b"198.51.100.10:46532")) == 200
    assert app.scope["client"] == ("198.51.100.10", 0)
