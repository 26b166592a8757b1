"""The stack of ingestion: who asks, who works, what is put aside; and that the code agrees."""

import importlib
import json
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.decode import decode

from engine.types import Interval
from market_data.handler import Places
from market_data.messages import read
from market_data.stores.dynamodb.quarantine import PARTITION
from market_data.worker import RESERVE

TEMPLATE = Path(__file__).parents[2] / "infra" / "ingestion.yaml"


@pytest.fixture(scope="module")
def resources():
    document, problems = decode(str(TEMPLATE))
    assert problems == []
    return document["Resources"]


def many(value):
    return value if isinstance(value, list) else [value]


def granted(resources, role):
    found = {}
    for policy in resources[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for resource in many(statement["Resource"]):
                ((_, name),) = resource.items()
                name = name[0] if isinstance(name, list) else name
                found.setdefault(name, set()).update(many(statement["Action"]))
    return found


def test_cfn_lint_finds_nothing_not_even_to_remark():
    assert lint_file(TEMPLATE, config=ManualArgs(include_checks=["I"])) == []


def test_both_functions_are_entries_of_the_image(resources):
    for name in ("FanOut", "Work"):
        function = resources[name]["Properties"]
        assert function["ImageUri"] == {"Ref": "ImageUri"}
        [command] = function["ImageConfig"]["Command"]
        module, _, entry = command.rpartition(".")
        assert callable(getattr(importlib.import_module(module), entry))


def test_every_interval_has_its_schedule(resources):
    events = resources["FanOut"]["Properties"]["Events"].values()
    asked = [json.loads(one["Properties"]["Input"])["interval"] for one in events]
    assert sorted(asked) == sorted(Interval)
    assert {one["Type"] for one in events} == {"ScheduleV2"}
    for one in events:
        assert one["Properties"]["RetryPolicy"]["MaximumRetryAttempts"] <= 2


def test_a_message_that_fails_comes_again_alone_and_is_put_aside_in_the_end(resources):
    queue, work = resources["Queue"]["Properties"], resources["Work"]["Properties"]
    [event] = work["Events"].values()
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["PutAside", "Arn"]}
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
    # Lambda asks for six times its own time-out, or a message would be brought twice at once.
    assert queue["VisibilityTimeout"] >= 6 * work["Timeout"]
    assert work["Timeout"] > RESERVE
    # What is put aside outlives what waits.
    kept = resources["PutAside"]["Properties"]["MessageRetentionPeriod"]
    assert kept > queue["MessageRetentionPeriod"]
    alarm = resources["PutAsideAlarm"]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["PutAside", "QueueName"]}


def test_an_upload_becomes_a_message_that_the_worker_reads(resources):
    bucket = resources["Uploads"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    told = bucket["NotificationConfiguration"]["EventBridgeConfiguration"]
    assert told == {"EventBridgeEnabled": True}
    rule = resources["UploadsAreTold"]["Properties"]
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    [target] = rule["Targets"]
    # Passed on as it is: `messages.read` knows the event itself.
    assert set(target) == {"Id", "Arn"}
    thing = {"key": "AAPL/ONE_DAY/x.csv", "size": 1, "etag": "e"}
    detail = {"bucket": {"name": "uploads"}, "object": thing}
    event = {"source": "aws.s3", "time": "2021-11-12T00:00:00Z", "detail": detail}
    assert read(json.dumps(event)).symbol == "AAPL"


def test_the_queue_takes_messages_of_that_rule_alone_and_only_encrypted(resources):
    allowed, denied = resources["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert source == {"Fn::GetAtt": ["UploadsAreTold", "Arn"]}
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_what_is_kept_is_private_encrypted_and_outlives_the_stack(resources):
    bucket = resources["Uploads"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    for name in ("Queue", "PutAside"):
        assert resources[name]["Properties"]["SqsManagedSseEnabled"] is True
    assert resources["PutAside"]["DeletionPolicy"] == "Retain"


def test_each_role_may_do_what_its_code_does_and_nothing_else(resources):
    table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${BarsTable}"
    bucket = "arn:${AWS::Partition}:s3:::${BarsBucket}"
    log = {"logs:CreateLogStream", "logs:PutLogEvents"}
    reads = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    assert granted(resources, "FanOutRole") == {
        table: reads,
        "Queue": {"sqs:SendMessage"},
        "LogGroup": log,
    }
    assert granted(resources, "WorkRole") == {
        table: reads | {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        f"{bucket}/*": {"s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"},
        bucket: {"s3:ListBucket"},
        "${Uploads.Arn}/*": {"s3:GetObject", "s3:GetObjectVersion"},
        "Queue": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
        "LogGroup": log,
    }
    keys = resources["WorkReadsKeys"]["Properties"]["PolicyDocument"]["Statement"]
    [only] = keys
    assert (only["Action"], only["Resource"]) == (
        "secretsmanager:GetSecretValue",
        {"Ref": "SourceKeysArn"},
    )


def test_the_worker_deletes_nothing_but_rows_of_the_quarantine(resources):
    policies = resources["WorkRole"]["Properties"]["Policies"]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    [deletes] = [one for one in statements if "dynamodb:DeleteItem" in one["Action"]]
    assert deletes["Action"] == "dynamodb:DeleteItem"
    assert deletes["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [PARTITION]}
    }


def test_the_functions_find_their_places_in_their_variables():
    document, _ = decode(str(TEMPLATE))
    variables = document["Globals"]["Function"]["Environment"]["Variables"]
    read_places = Places.read({name: f"a {name}" for name in variables})
    assert read_places.queue == "a INTELLPULSE_QUEUE_URL"
