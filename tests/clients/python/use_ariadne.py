"""A client by ariadne-codegen: a method for each query, answers as pydantic models."""

import os
from datetime import UTC, datetime

from ariadne_client import Client
from ariadne_client.enums import Action, Scope
from ariadne_client.signal import SignalSignalSignal, SignalSignalUnknownSymbol

with Client(os.environ["API_URL"], headers={"x-api-key": os.environ["API_KEY"]}) as client:
    signal = client.signal("AAPL", as_of=datetime.now(UTC)).signal
    unknown = client.signal("AAPLE").signal
    made = client.create_key("ariadne").create_api_key
    revoked = client.revoke_key(made.key.id).revoke_api_key if made else None

if not isinstance(signal, SignalSignalSignal):
    raise SystemExit(signal.message)
action: Action = signal.action
score: float = signal.score
bar_time: datetime = signal.bar_time
print(f"{action.value} {score:.2f} at {bar_time:%Y-%m-%d}")

if not isinstance(unknown, SignalSignalUnknownSymbol) or "AAPL" not in unknown.suggestions:
    raise SystemExit("an unknown symbol is answered with suggestions")

if made is None or not made.secret or made.key.scopes != [Scope.SIGNALS_READ]:
    raise SystemExit("a key is made with its secret")
if revoked is None or revoked.key.revoked_at is None or revoked.was_callers_key:
    raise SystemExit("a key is revoked by its id")
