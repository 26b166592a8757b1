"""The page, its assets, and the stand-in where nothing was built."""

import asyncio
import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate
from mangum import Mangum
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from graphql_api import schema
from graphql_api.http import graphiql

PROJECT = Path(graphiql.__file__).parent
FONT = bytes(range(256))


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dist/ as the build would leave it, small."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>IntellPulse · GraphiQL</title>", encoding="utf-8")
    (dist / "assets" / "index-Ab1.js").write_text("const dot = '·';", encoding="utf-8")
    (dist / "assets" / "index-Ab1.css").write_text("body{}", encoding="utf-8")
    (dist / "assets" / "codicon-Ab1.ttf").write_bytes(FONT)
    (dist / ".stamp").write_text("0" * 64, encoding="ascii")
    monkeypatch.setattr(graphiql, "DIST", dist)
    return dist


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphiql, "DIST", tmp_path / "nowhere")


def app() -> Starlette:
    return Starlette(routes=[Route("/", graphiql.page), *graphiql.routes()])


@pytest.mark.parametrize("path", ["/", "/graphiql"])
def test_the_page_stands_at_both_addresses_under_a_policy_of_its_own_origin(
    built: Path, path: str
) -> None:
    answer = TestClient(app()).get(path)
    assert answer.status_code == 200
    assert answer.text == "<title>IntellPulse · GraphiQL</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "http" not in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index-Ab1.js", "text/javascript; charset=utf-8"),
        ("index-Ab1.css", "text/css; charset=utf-8"),
        ("codicon-Ab1.ttf", "font/ttf"),
    ],
)
def test_an_asset_is_kept_for_ever_because_its_name_is_its_content(
    built: Path, name: str, media_type: str
) -> None:
    answer = TestClient(app()).get(f"/graphiql/assets/{name}")
    assert answer.status_code == 200
    assert answer.content == (built / "assets" / name).read_bytes()
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["none.js", "..%2Findex.html", "..%2F.stamp", "%2Fetc%2Fpasswd", "..%5C.stamp", "%00"]
)
def test_only_what_the_build_made_is_an_asset(built: Path, name: str) -> None:
    assert TestClient(app()).get(f"/graphiql/assets/{name}").status_code == 404


def test_without_a_build_strawberrys_page_asks_our_endpoint_and_says_what_to_do(
    unbuilt: None,
) -> None:
    answer = TestClient(app()).get("/graphiql")
    assert answer.status_code == 200
    assert "Run: make graphiql" in answer.text
    assert 'const fetchURL = new URL("/graphql", window.location.href).href;' in answer.text
    assert "https://unpkg.com" in answer.headers["content-security-policy"]
    assert "connect-src 'self'" in answer.headers["content-security-policy"]


def test_the_policy_of_the_stand_in_names_every_host_it_takes_scripts_and_styles_from(
    unbuilt: None,
) -> None:
    sources = re.findall(r'(?:src|href)="(https?://[^/"]+)', graphiql.stand_in())
    assert set(sources) == {"https://unpkg.com"}


def test_without_a_build_there_are_no_assets(unbuilt: None) -> None:
    assert TestClient(app()).get("/graphiql/assets/index-Ab1.js").status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_asset_is_sent_as_gzip_to_browsers_that_take_it(built: Path, method: str) -> None:
    with TestClient(app()) as client:
        plain, short = (
            client.request(
                method, "/graphiql/assets/index-Ab1.js", headers={"accept-encoding": coding}
            )
            for coding in ("identity", "gzip, deflate, br")
        )
    assert plain.headers["vary"] == short.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"] == short.headers["content-type"]
    assert "content-encoding" not in plain.headers
    assert ("content-encoding" in short.headers) == (method == "GET")
    assert plain.content == short.content


def ask_lambda(path: str) -> dict[str, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "abc.lambda-url.eu-central-1.on.aws"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"},
            "domainName": "abc.lambda-url.eu-central-1.on.aws",
        },
        "isBase64Encoded": False,
    }
    answer: dict[str, Any] = Mangum(app(), lifespan="off")(event, None)  # type: ignore[arg-type]
    return answer


@pytest.fixture
def loop() -> Iterator[None]:
    """The loop of this thread that Mangum runs on, as the Lambda handler sets one."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    yield
    asyncio.get_event_loop().close()
    asyncio.set_event_loop(None)


@pytest.mark.usefixtures("loop")
def test_on_lambda_a_script_travels_as_text_and_a_font_as_base64(built: Path) -> None:
    script = ask_lambda("/graphiql/assets/index-Ab1.js")
    assert (script["statusCode"], script["isBase64Encoded"]) == (200, False)
    assert script["body"] == "const dot = '·';"
    font = ask_lambda("/graphiql/assets/codicon-Ab1.ttf")
    assert (font["statusCode"], font["isBase64Encoded"]) == (200, True)
    assert base64.b64decode(font["body"]) == FONT


def examples() -> dict[str, str]:
    source = (PROJECT / "src" / "examples.js").read_text(encoding="utf-8")
    return dict(re.findall(r"const (\w+) = `(.*?)`;", source, flags=re.DOTALL))


def test_there_are_six_worked_examples() -> None:
    names = ["signal", "explanation", "history", "backtest", "usage", "catalogue"]
    assert list(examples()) == names


@pytest.mark.parametrize("name", list(examples()))
def test_a_worked_example_is_a_query_of_our_schema_and_fits_the_editor(name: str) -> None:
    query = examples()[name]
    assert validate(schema.core_schema(), parse(query)) == []
    assert max(len(line) for line in query.splitlines()) <= 54


def test_the_lock_names_versions_and_hashes_but_no_host() -> None:
    lock = (PROJECT / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"version":')
