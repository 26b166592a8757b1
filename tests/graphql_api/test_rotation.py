"""The exchange of the origin secret: at no instant is something shown that is not taken."""

import uuid

import boto3
import pytest
from moto.secretsmanager.models import secretsmanager_backends

from graphql_api import rotation
from graphql_api.guard.kept import Away
from graphql_api.guard.secrets import Secret
from graphql_api.rotation import handler
from tests.aws import in_memory

FIRST = "f" * 64


class Stack:
    """A secret in the manager, a distribution that shows it, and the API that takes it."""

    def __init__(self, clock):
        self.clock = clock
        self.manager = boto3.client("secretsmanager")
        self.edge = boto3.client("cloudfront")
        self.arn = self.manager.create_secret(Name="origin", SecretString=FIRST)["ARN"]
        made = self.edge.create_distribution(DistributionConfig=distribution(FIRST))
        self.id = made["Distribution"]["Id"]
        self.api = Secret(f"secretsmanager:{self.arn}", clock)
        self.api._kept._patience = 10

    def step(self, name, version):
        handler({"SecretId": self.arn, "ClientRequestToken": version, "Step": name}, None)

    def begin(self):
        """What Secrets Manager does first: a version without a value."""
        version = str(uuid.uuid4())
        self.manager.put_secret_value(
            SecretId=self.arn,
            ClientRequestToken=version,
            SecretString="x",
            VersionStages=["AWSPENDING"],
        )
        backend = secretsmanager_backends["123456789012"]["eu-central-1"]
        del backend.secrets[self.arn].versions[version]["secret_string"]
        return version

    def shown(self):
        config = self.edge.get_distribution_config(Id=self.id)["DistributionConfig"]
        (header,) = config["Origins"]["Items"][0]["CustomHeaders"]["Items"]
        return header["HeaderValue"]

    def value(self, stage):
        return self.manager.get_secret_value(SecretId=self.arn, VersionStage=stage)["SecretString"]

    def close(self):
        self.manager.close()
        self.edge.close()


def distribution(shown):
    headers = [{"HeaderName": "X-Origin-Secret", "HeaderValue": shown}] if shown else []
    return {
        "CallerReference": "a",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "api",
                    "DomainName": "a.lambda-url.eu-central-1.on.aws",
                    "CustomHeaders": {"Quantity": len(headers), "Items": headers},
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "https-only",
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
    }


@pytest.fixture
def stack(monkeypatch, clock):
    monkeypatch.setattr(rotation, "PAUSE", 0.0)
    with in_memory():
        stack = Stack(clock)
        monkeypatch.setenv("DISTRIBUTION_ID", stack.id)
        yield stack
        stack.close()


STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def rotate(stack, monkeypatch):
    """One exchange; what is shown is taken before, after and between all of its steps."""
    version = stack.begin()
    for name in STEPS:
        for _ in range(2):  # Secrets Manager may repeat a step
            stack.step(name, version)
            assert stack.api.matches(stack.shown())
    return version


def test_three_exchanges_leave_no_instant_without_an_answer(stack, monkeypatch):
    seen = [FIRST]
    for _ in range(3):
        former = stack.value("AWSCURRENT")
        rotate(stack, monkeypatch)
        assert stack.shown() == former == stack.value("AWSPREVIOUS")
        seen.append(stack.value("AWSCURRENT"))
        stack.clock.move(30 * 86_400 // 3)
    assert len(set(seen)) == 4
    assert all(len(one) == 64 for one in seen)
    # Even an environment that has read the secret long ago, and just so, takes what is shown.
    assert not stack.api.matches(FIRST)


def test_what_is_shown_is_taken_by_an_environment_that_has_not_read_since(stack, monkeypatch):
    rotate(stack, monkeypatch)
    stack.clock.move(86_400 * 30)
    assert stack.api.matches(stack.shown())
    version = stack.begin()
    for name in STEPS:
        stack.step(name, version)
        assert stack.api.matches_at_once(stack.shown())  # from memory, in each step


def test_a_version_that_nobody_asked_for_is_refused(stack):
    with pytest.raises(ValueError, match="not being exchanged"):
        stack.step("createSecret", str(uuid.uuid4()))


def test_a_finished_exchange_is_not_begun_again(stack, monkeypatch):
    version = rotate(stack, monkeypatch)
    before = stack.value("AWSCURRENT")
    for name in STEPS:
        stack.step(name, version)
    assert stack.value("AWSCURRENT") == before


def test_another_step_is_refused(stack):
    with pytest.raises(ValueError, match="the step 'dropSecret'"):
        stack.step("dropSecret", stack.begin())


def test_the_exchange_waits_until_the_edge_shows_the_secret_everywhere(stack, monkeypatch):
    version = stack.begin()
    stack.step("setSecret", version)
    states = iter(["InProgress", "InProgress", "Deployed"])
    real = rotation._client

    class Slow:
        def __init__(self, client):
            self.client = client

        def get_distribution(self, **request):
            answer = self.client.get_distribution(**request)
            answer["Distribution"]["Status"] = next(states)
            return answer

    monkeypatch.setattr(
        rotation, "_client", lambda name: Slow(real(name)) if name == "cloudfront" else real(name)
    )
    stack.step("testSecret", version)
    assert list(states) == []
    states = iter(["InProgress"] * 3)
    monkeypatch.setattr(rotation, "PATIENCE", 0.0)
    with pytest.raises(Away, match="takes long"):
        stack.step("testSecret", version)


def test_an_edge_that_shows_something_else_stops_the_exchange(stack):
    version = stack.begin()
    stack.step("setSecret", version)
    answer = stack.edge.get_distribution_config(Id=stack.id)
    stack.edge.update_distribution(
        Id=stack.id, IfMatch=answer["ETag"], DistributionConfig=distribution("e" * 64)
    )
    with pytest.raises(Away, match="something else"):
        stack.step("testSecret", version)


def test_a_distribution_without_the_header_is_not_ours(stack):
    answer = stack.edge.get_distribution_config(Id=stack.id)
    stack.edge.update_distribution(
        Id=stack.id, IfMatch=answer["ETag"], DistributionConfig=distribution(None)
    )
    with pytest.raises(ValueError, match="no origin with the header"):
        stack.step("setSecret", stack.begin())


def test_without_a_distribution_there_is_nothing_to_tell(stack, monkeypatch):
    monkeypatch.delenv("DISTRIBUTION_ID")
    with pytest.raises(ValueError, match="names the CloudFront distribution"):
        stack.step("setSecret", stack.begin())
