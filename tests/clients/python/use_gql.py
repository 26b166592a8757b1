"""A client by gql: queries are checked against the schema before they are sent.

Without an argument the schema is the server's own, else a file's.
"""

import os
import sys
from pathlib import Path

from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

transport = HTTPXTransport(
    url=os.environ["API_URL"], headers={"x-api-key": os.environ["API_KEY"]}, timeout=30
)
if len(sys.argv) > 1:
    client = Client(transport=transport, schema=Path(sys.argv[1]).read_text(encoding="utf-8"))
else:
    client = Client(transport=transport, fetch_schema_from_transport=True)

folder = Path(__file__).parent
query = gql((folder / "signal.graphql").read_text(encoding="utf-8"))
keys = gql((folder / "keys.graphql").read_text(encoding="utf-8"))
with client as session:
    query.variable_values = {"symbol": "AAPL"}
    signal = session.execute(query)["signal"]
    print(f"{signal['action']} {signal['score']:.2f} at {signal['barTime'][:10]}")
    query.variable_values = {"symbol": "AAPLE"}
    unknown = session.execute(query)["signal"]
    keys.operation_name, keys.variable_values = "CreateKey", {"label": "gql"}
    made = session.execute(keys)["createApiKey"]
    keys.operation_name, keys.variable_values = "RevokeKey", {"id": made["key"]["id"]}
    revoked = session.execute(keys)["revokeApiKey"]
if unknown["__typename"] != "UnknownSymbol" or "AAPL" not in unknown["suggestions"]:
    raise SystemExit("an unknown symbol is answered with suggestions")
if not made["secret"] or made["key"]["scopes"] != ["SIGNALS_READ"]:
    raise SystemExit("a key is made with its secret")
if not revoked["key"]["revokedAt"] or revoked["wasCallersKey"]:
    raise SystemExit("a key is revoked by its id")
