"""The Lambda entry that exchanges the origin secret, as Secrets Manager asks in four steps.

    before      CURRENT b   PREVIOUS a      the CDN shows a or b; the API takes both
    create      a new c is PENDING, and nobody takes it yet
    set         the CDN is told to show b
    test        waits until it does so everywhere
    finish      CURRENT c   PREVIOUS b      the CDN shows b; the API takes both

The CDN shows what was CURRENT before the exchange, which every environment of the API has known for
as long as a rotation lasts: there is no instant at which it shows what somewhere is not taken.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from botocore.session import get_session

from graphql_api.guard.kept import Away
from graphql_api.settings import variable

__all__ = ["handler"]

HEADER: Final = "x-origin-secret"
BYTES: Final = 48  # 64 characters
PATIENCE: Final = 780.0  # seconds; a Lambda ends after 900, and Secrets Manager calls again
PAUSE: Final = 10.0
DISTRIBUTION: Final = "DISTRIBUTION_ID"


SESSION: Final = get_session()


def handler(event: dict[str, str], _: Any) -> None:
    """Take one step.

    Raises
    ------
    ValueError
        When Secrets Manager would not ask that.
    """
    secret_id, version = event["SecretId"], event["ClientRequestToken"]
    stages = _client("secretsmanager").describe_secret(SecretId=secret_id)["VersionIdsToStages"]
    if "AWSCURRENT" in stages.get(version, ()):
        return  # done before
    if event["Step"] not in STEPS or version not in stages:
        raise ValueError(f"the step {event['Step']!r} of a version that is not being exchanged")
    STEPS[event["Step"]](secret_id, version)


def create(secret_id: str, version: str) -> None:
    """Keep a new value as PENDING, once."""
    manager = _client("secretsmanager")
    try:
        manager.get_secret_value(SecretId=secret_id, VersionId=version, VersionStage="AWSPENDING")
    except manager.exceptions.ResourceNotFoundException:
        manager.put_secret_value(
            SecretId=secret_id,
            ClientRequestToken=version,
            SecretString=secrets.token_urlsafe(BYTES),
            VersionStages=["AWSPENDING"],
        )


def show(secret_id: str, _: str) -> None:
    """Let the CDN show what is CURRENT."""
    edge = _client("cloudfront")
    answer = edge.get_distribution_config(Id=_distribution())
    current = _current(secret_id)
    shown = _shown(answer["DistributionConfig"])
    if all(one["HeaderValue"] == current for one in shown):
        return
    for one in shown:
        one["HeaderValue"] = current
    edge.update_distribution(
        Id=_distribution(), IfMatch=answer["ETag"], DistributionConfig=answer["DistributionConfig"]
    )


def wait(secret_id: str, _: str) -> None:
    """Wait until the CDN shows what is CURRENT, everywhere."""
    edge = _client("cloudfront")
    current = _current(secret_id)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = edge.get_distribution(Id=_distribution())["Distribution"]
        if any(one["HeaderValue"] != current for one in _shown(found["DistributionConfig"])):
            raise Away("the CDN was told to show something else meanwhile")
        if found["Status"] == "Deployed":
            return
        time.sleep(PAUSE)
    raise Away("the CDN takes long to show the secret everywhere")


def finish(secret_id: str, version: str) -> None:
    """Make the new value CURRENT; what was becomes PREVIOUS by itself."""
    manager = _client("secretsmanager")
    stages = manager.describe_secret(SecretId=secret_id)["VersionIdsToStages"]
    (current,) = (name for name, held in stages.items() if "AWSCURRENT" in held)
    manager.update_secret_version_stage(
        SecretId=secret_id,
        VersionStage="AWSCURRENT",
        MoveToVersionId=version,
        RemoveFromVersionId=current,
    )


STEPS: Final[dict[str, Callable[[str, str], None]]] = {
    "createSecret": create,
    "setSecret": show,
    "testSecret": wait,
    "finishSecret": finish,
}


def _client(service: str) -> Any:
    return SESSION.create_client(service)


def _distribution() -> str:
    name = variable(DISTRIBUTION)
    if not name:
        raise ValueError(f"{DISTRIBUTION} is empty; it names the CloudFront distribution")
    return name


def _current(secret_id: str) -> str:
    answer = _client("secretsmanager").get_secret_value(
        SecretId=secret_id, VersionStage="AWSCURRENT"
    )
    return str(answer["SecretString"])


def _shown(config: dict[str, Any]) -> list[dict[str, str]]:
    """The headers by which the CDN shows the secret to its origins."""
    found = [
        header
        for origin in config["Origins"]["Items"]
        for header in origin.get("CustomHeaders", {}).get("Items", ())
        if header["HeaderName"].lower() == HEADER
    ]
    if not found:
        raise ValueError(f"the distribution has no origin with the header {HEADER}")
    return found
