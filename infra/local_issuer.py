"""An issuer of tokens on this machine, as Cognito is one: it signs, and publishes its keys.

For tests, benchmarks and trials on a laptop. Its private keys live as long as its process.
"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from infra.local_server import Handler, LocalServer

__all__ = ["AUDIENCE", "LocalIssuer"]

AUDIENCE: Final = "3n4b5urk1ft4fl3mg5e62d9ado"  # what an app client's id looks like
RS256: Final = RSAAlgorithm(RSAAlgorithm.SHA256)
ES256: Final = ECAlgorithm(ECAlgorithm.SHA256)


class LocalIssuer(LocalServer):
    """Signs tokens by two keys, ``rsa`` and ``ec``, and answers with its JWKS.

    What it answers can be changed while it runs, and what was asked of it is counted.
    """

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None  # in place of the JWKS
        self.delay = 0.0  # seconds
        self.asked: list[str] = []
        issuer = self

        class Answers(Handler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                time.sleep(issuer.delay)
                body = issuer.body
                if body is None:
                    body = json.dumps({"keys": issuer.keys()}).encode()
                self.send(issuer.status, issuer.headers, body)

        super().__init__(Answers)

    @property
    def url(self) -> str:
        """The issuer's name, which is its address."""
        return f"http://{self.address}"

    def keys(self) -> list[dict[str, Any]]:
        """The public keys, as a JWKS lists them."""
        return [
            {**RS256.to_jwk(self.rsa.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
            {**ES256.to_jwk(self.ec.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"},
        ]

    def claims(self, account_id: str, now: float | None = None) -> dict[str, Any]:
        """The claims of an access token, as Cognito's has them."""
        issued_at = int(time.time() if now is None else now)
        return {
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "iss": self.url,
            "client_id": AUDIENCE,
            "token_use": "access",
            "scope": "openid intellpulse/signals:read",
            "custom:account_id": account_id,
            "iat": issued_at,
            "exp": issued_at + 3_600,
        }

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A token with these claims; ``header`` adds to its header, and None takes away."""
        whole = {"alg": "RS256", "kid": "rsa", "typ": "JWT", **header}
        kept = {name: value for name, value in whole.items() if value is not None}
        return self.sign(json.dumps(kept).encode(), json.dumps(claims).encode())

    def sign(self, header: bytes, claims: bytes, *, by_ec: bool = False) -> str:
        """A token of any two texts, signed by the RSA key or the other."""
        signed = b".".join(map(_part, (header, claims)))
        signature = ES256.sign(signed, self.ec) if by_ec else RS256.sign(signed, self.rsa)
        return b".".join((signed, _part(signature))).decode()


def _part(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")
