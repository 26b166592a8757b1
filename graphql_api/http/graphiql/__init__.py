"""GraphiQL, served from our own origin: the built page, its assets, and what stands in for them."""

import gzip
import html
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from strawberry.http.ides import get_graphql_ide_html

from graphql_api.http.coding import takes_gzip

__all__ = ["ENDPOINT", "asset", "page", "routes"]

ENDPOINT = "/graphql"  # where the page asks; src/fetcher.js says the same
DIST = Path(__file__).parent / "dist"

# Named here, because the machine's own table may be without fonts or call a script plain text.
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf"}

# Assets carry a hash of their content in their name, so a name never changes its meaning.
FOREVER = "public, max-age=31536000, immutable"

# Monaco writes style elements; its workers are files of ours; GraphiQL's fonts are data addresses.
OWN_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Strawberry's page takes its scripts, each with an integrity hash, from one content network.
STAND_IN_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' https://unpkg.com; connect-src 'self'; "
    "style-src 'unsafe-inline' https://unpkg.com; font-src https://unpkg.com data:; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

NOTE = (
    "GraphiQL was not built here, so this is Strawberry's own page, which needs the internet. "
    "Run: make graphiql. Until then, enter your key under Headers as "
    '{"x-api-key": "ip_live_..."}, then re-fetch the schema.'
)
# The note above, the page in what remains.
NOTE_STYLE = """<style>
  body { display: flex; flex-direction: column; height: 100vh !important; }
  #graphiql { flex: 1; min-height: 0; height: auto !important; }
  [role=note] { margin: 0; padding: 8px 16px; background: #fff4d6; color: #5c3b00;
    font: 14px/1.5 system-ui, sans-serif; }
</style>"""


def routes() -> list[BaseRoute]:
    """The page at /graphiql and its assets below; ``page`` may stand at / as well."""
    return [
        Route("/graphiql", page, methods=["GET"], name="graphiql"),
        Route("/graphiql/assets/{name}", asset, methods=["GET"], name="graphiql-asset"),
    ]


def page(_: Request) -> Response:
    """GraphiQL's page; where it was not built, Strawberry's with a note that says so."""
    index = DIST / "index.html"
    if index.is_file():
        return HTMLResponse(index.read_text(encoding="utf-8"), headers=page_headers(OWN_POLICY))
    return HTMLResponse(stand_in(), headers=page_headers(STAND_IN_POLICY))


def asset(request: Request) -> Response:
    """One built file. Only names that the build made are answered, whatever was asked for."""
    directory = DIST / "assets"
    built = {path.name: path for path in directory.iterdir()} if directory.is_dir() else {}
    path = built.get(request.path_params["name"])
    if path is None:
        raise HTTPException(status_code=404)
    headers = {
        "Cache-Control": FOREVER,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    if request.method == "GET" and takes_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        return Response(_shortened(path), media_type=media_type, headers=headers)
    return FileResponse(path, media_type=media_type, headers=headers)


@cache
def _shortened(path: Path) -> bytes:
    """A built file as gzip, made once: no stranger can have it made again and again."""
    return gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)


def page_headers(policy: str) -> dict[str, str]:
    """What a browser is told of a page in which somebody types a key."""
    return {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def stand_in() -> str:
    """Strawberry's page, asking at our endpoint instead of at its own address, under a note."""
    source = get_graphql_ide_html(graphql_ide="graphiql")
    own_address = 'window.location.href.split("?")[0]'
    source = source.replace(own_address, f'new URL("{ENDPOINT}", window.location.href).href')
    return source.replace("<body>", f'<body>{NOTE_STYLE}<p role="note">{html.escape(NOTE)}</p>', 1)
