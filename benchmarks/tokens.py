"""What it takes to find the caller behind a token, verified anew and remembered, and behind a key.

    python benchmarks/tokens.py

On a store in memory's reach (SQLite), with an issuer of this machine whose keys are fetched before.
Each number is the median of rounds, of the calls alone: no HTTP, no query.
"""

import statistics
import sys
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from graphql_api.guard.accounts import Accounts
from graphql_api.guard.admit import Guard
from graphql_api.guard.jwks import IssuerKeys
from graphql_api.guard.memory import Memory
from graphql_api.guard.tokens import Rules, Tokens
from graphql_api.stores.sqlite import SqliteStore
from infra.local_issuer import AUDIENCE, LocalIssuer
from market_data.clock import now

ROUNDS = 15
CALLS = 200


def measure(call):
    """Microseconds of one call, the median of rounds."""
    for _ in range(CALLS):
        call()
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        rounds.append((time.perf_counter() - began) / CALLS * 1e6)
    return statistics.median(rounds)


def main():
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteStore(Path(folder) / "accounts.sqlite")) as store,
        LocalIssuer() as issuer,
    ):
        opened = Accounts(store, now).open_account("Bench", "ENTERPRISE")
        rules = Rules(issuer.url, (AUDIENCE,), "custom:account_id", ("scope",), "intellpulse/")
        tokens = Tokens(rules, IssuerKeys(f"{issuer.url}/jwks.json", now), now)
        guard = Guard(store, store, now, tokens=tokens)
        claims = issuer.claims(opened.account.id)
        by_rsa = issuer.token(claims)
        text = (b'{"alg": "ES256", "kid": "ec"}', str(claims).replace("'", '"').encode())
        by_ec = issuer.sign(*text, by_ec=True)
        # More tokens than are remembered, each with a signature of its own.
        fresh = [issuer.token(claims | {"sub": str(number)}) for number in range(CALLS)]
        turn = count()

        def forgotten():
            guard._authenticator._verified = Memory(1)
            guard.authenticate({"authorization": f"Bearer {fresh[next(turn) % CALLS]}"})

        print("microseconds a call")
        print(f"  token, RS256, verified anew   {measure(lambda: tokens.verify(by_rsa)):8.1f}")
        print(f"  token, ES256, verified anew   {measure(lambda: tokens.verify(by_ec)):8.1f}")
        print(f"  caller of a token not seen    {measure(forgotten):8.1f}")
        seen = {"authorization": f"Bearer {by_rsa}"}
        print(f"  caller of a token seen        {measure(lambda: guard.authenticate(seen)):8.1f}")
        key = {"x-api-key": opened.secret}
        print(f"  caller of a key seen          {measure(lambda: guard.authenticate(key)):8.1f}")


if __name__ == "__main__":
    main()
