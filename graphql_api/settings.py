"""Everything the environment decides, with defaults and meanings; the only reader of it."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

__all__ = ["BadSetting", "Settings", "variable"]

PREFIX = "INTELLPULSE_"


class BadSetting(ValueError):
    """An environment variable whose value cannot be meant."""


def setting(default: Any, meaning: str, choices: tuple[str, ...] = ()) -> Any:
    """A field of Settings that explains itself."""
    return field(default=default, metadata={"meaning": meaning, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, each as INTELLPULSE_ and the name in capitals."""

    environment: Literal["live", "test"] = setting(
        "live", "whether keys begin with ip_live_ or ip_test_", ("live", "test")
    )
    store: str = setting("sqlite", "where accounts and usage are kept", ("sqlite", "dynamodb"))
    data: Path = setting(Path(".intellpulse"), "folder of the SQLite files")
    bars: str = setting("sqlite", "where bars are kept", ("sqlite", "dynamodb"))
    bars_file: Path | None = setting(
        None,
        "a SQLite file of bars that is only read, as in the container; else bars.sqlite in data",
    )
    bars_table: str = setting("", "DynamoDB table of bars")
    bars_bucket: str = setting("", "S3 bucket of large chunks of bars, archived ones and panels")
    bars_fresh_seconds: int = setting(
        0, "how old what was read of bars and sentiment may be, in whole seconds; 0 asks each time"
    )
    licensed_sources: tuple[str, ...] = setting(
        (), "sources whose prices a licence of yours lets you pass on, separated by commas"
    )
    bars_held_megabytes: int = setting(64, "how much of what was read of bars a process holds")
    source_keys: str = setting(
        "",
        "keys of sources of bars, as a JSON object: secretsmanager:NAME or file:PATH; else each is "
        "a variable of its own name",
    )
    documents_file: Path | None = setting(
        None,
        "trusted documents: a manifest, or a folder of manifests and documents; "
        "else documents.json in data",
    )
    persisted_queries: bool = setting(
        True, "whether callers may register documents by Apollo's persisted queries"
    )
    accounts_table: str = setting("", "DynamoDB table of accounts, keys and usage")
    token_issuer: str = setting(
        "", "whose tokens are taken (the claim iss), beside keys; without, none are"
    )
    token_audience: tuple[str, ...] = setting(
        (), "whom tokens must be made for (aud, or Cognito's client_id), separated by commas"
    )
    token_jwks_url: str = setting(
        "", "where the issuer's keys are; else /.well-known/jwks.json at the issuer"
    )
    token_account_claim: str = setting("custom:account_id", "the claim that names the account")
    token_scope_claims: tuple[str, ...] = setting(
        ("scope", "cognito:groups"), "the claims that hold scopes, separated by commas"
    )
    token_scope_prefix: str = setting(
        "intellpulse/", "what stands before our scopes in those claims: a resource server's name"
    )
    origin_secret: str = setting(
        "",
        "the secret that our own CDN shows in x-origin-secret, by reference: secretsmanager:NAME, "
        "ssm:/PATH, file:PATH or env:NAME; without, requests come by no CDN",
    )
    viewer_address_header: str = setting(
        "cloudfront-viewer-address",
        "the header in which our own CDN says whose request it passes on, as address:port",
    )
    allowed_origins: tuple[str, ...] = setting(
        ("*",),
        "web origins whose pages may call the API, separated by commas; "
        "keys travel in a header and never by cookie, so any origin is safe",
    )
    graphiql: bool = setting(True, "whether GraphiQL is served")
    max_body_bytes: int = setting(100_000, "largest request body, in bytes")
    threads: bool = setting(
        False, "answer requests in threads: for a server; a Lambda answers one at a time"
    )

    def __post_init__(self) -> None:
        if self.store == "dynamodb" and not self.accounts_table:
            raise BadSetting(
                f"{PREFIX}ACCOUNTS_TABLE is empty; with {PREFIX}STORE=dynamodb it names the table"
            )
        for name in ("BARS_TABLE", "BARS_BUCKET"):
            if self.bars == "dynamodb" and not getattr(self, name.lower()):
                raise BadSetting(
                    f"{PREFIX}{name} is empty; {PREFIX}BARS=dynamodb keeps bars in a table and a "
                    "bucket"
                )
        if self.max_body_bytes < 1:
            raise BadSetting(
                f"{PREFIX}MAX_BODY_BYTES is {self.max_body_bytes}; it must be at least 1"
            )
        self._check_tokens()
        self._check_origin()
        for origin in self.allowed_origins:
            if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
                raise BadSetting(
                    f"{PREFIX}ALLOWED_ORIGINS holds {origin!r}; an origin reads "
                    "https://app.example.com, without a path, or * for any"
                )

    @property
    def jwks_url(self) -> str:
        """Where the keys of the issuer of tokens are."""
        return self.token_jwks_url or f"{self.token_issuer.rstrip('/')}/.well-known/jwks.json"

    def _check_origin(self) -> None:
        if self.origin_secret and not re.fullmatch(
            r"(secretsmanager|ssm|file|env):\S+", self.origin_secret
        ):
            # Whatever it is, it is not repeated: it might be the secret itself.
            raise BadSetting(
                f"{PREFIX}ORIGIN_SECRET is no reference to a secret; one reads "
                "secretsmanager:NAME, ssm:/PATH, file:PATH or env:NAME"
            )
        if not re.fullmatch(r"[a-z0-9-]{1,100}", self.viewer_address_header):
            raise BadSetting(
                f"{PREFIX}VIEWER_ADDRESS_HEADER is {self.viewer_address_header!r}; "
                "it must be the name of a header in lower case"
            )

    def _check_tokens(self) -> None:
        if not self.token_issuer:
            if self.token_audience or self.token_jwks_url:
                raise BadSetting(
                    f"{PREFIX}TOKEN_ISSUER is empty; tokens are taken of the issuer that it names"
                )
            return
        if not self.token_audience:
            raise BadSetting(
                f"{PREFIX}TOKEN_AUDIENCE is empty; without it tokens made for others would be taken"
            )
        _check_address("TOKEN_ISSUER", self.token_issuer)
        _check_address("TOKEN_JWKS_URL", self.jwks_url)
        for claim in (self.token_account_claim, *self.token_scope_claims):
            if not re.fullmatch(r"[A-Za-z0-9:/._-]{1,100}", claim):
                raise BadSetting(
                    f"{PREFIX}TOKEN_ACCOUNT_CLAIM and {PREFIX}TOKEN_SCOPE_CLAIMS name claims by "
                    f"letters, digits and :/._-, not {claim!r}"
                )

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> Self:
        """The settings of an environment, and of whoever overrides some.

        Raises
        ------
        BadSetting
            For a value that does not fit, or a variable with our prefix that names no setting:
            a misspelt setting must not be passed over in silence.
        """
        known = {PREFIX + one.name.upper(): one for one in fields(cls)}
        for name in environ:
            if name.startswith(PREFIX) and name not in known:
                raise BadSetting(f"{name} is no setting; there are {', '.join(sorted(known))}")
        read = {
            one.name: _parse(name, one.default, one.metadata["choices"], environ[name])
            for name, one in known.items()
            if environ.get(name, "") != ""
        }
        return cls(**(read | overrides))


def variable(name: str) -> str | None:
    """A variable of the environment that a setting names."""
    return os.environ.get(name)


def _check_address(name: str, text: str) -> None:
    """Keys that came unencrypted over a network could be anyone's."""
    try:
        address = urlsplit(text)
        host, _ = address.hostname, address.port
    except ValueError:
        host = None
    local = host == "localhost" or (host is not None and _is_loopback(host))
    schemes = ("https", "http") if local else ("https",)
    if (
        not host
        or address.scheme not in schemes
        or set(text) & set("@?#\\")
        or not text.isprintable()
    ):
        raise BadSetting(
            f"{PREFIX}{name} is {text!r}; it must be an https address without user, query or "
            "fragment (http at this machine only)"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parse(name: str, default: Any, choices: tuple[str, ...], text: str) -> Any:
    if choices and text not in choices:
        raise BadSetting(f"{name} is {text!r}; it must be one of {', '.join(choices)}")
    if isinstance(default, bool):
        if text.lower() not in {"1", "0", "true", "false"}:
            raise BadSetting(f"{name} is {text!r}; it must be 1, 0, true or false")
        return text.lower() in {"1", "true"}
    if isinstance(default, int):
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise BadSetting(f"{name} is {text!r}; it must be a whole number")
        return int(text)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if name.endswith("_FILE") or isinstance(default, Path):
        return Path(text)
    return text
