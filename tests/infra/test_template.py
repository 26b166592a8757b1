"""The stack: what it must hold, what it must not allow, and that it agrees with the code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.decode import decode

from graphql_api.settings import Settings
from graphql_api.stores.dynamodb.items import TABLE, TIME_TO_LIVE
from market_data.stores.dynamodb import TABLE as BARS
from market_data.stores.dynamodb import TIME_TO_LIVE as EXPIRES
from market_data.stores.dynamodb.bucket import SUPERSEDED
from market_data.stores.objects import KEPT_DAYS

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"
DIGEST = "sha256:" + "0123456789abcdef" * 4
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/intellpulse"


@pytest.fixture(scope="module")
def template():
    document, problems = decode(str(TEMPLATE))
    assert problems == []
    return document


@pytest.fixture(scope="module")
def resources(template):
    return template["Resources"]


def of_type(resources, kind):
    found = {name: one for name, one in resources.items() if one["Type"] == kind}
    assert found
    return found


def statements(resources):
    for role in of_type(resources, "AWS::IAM::Role").values():
        for policy in role["Properties"]["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


def many(value):
    return value if isinstance(value, list) else [value]


def variables(resources):
    return resources["ApiFunction"]["Properties"]["Environment"]["Variables"]


def test_cfn_lint_finds_nothing_not_even_to_remark():
    assert lint_file(TEMPLATE, config=ManualArgs(include_checks=["I"])) == []


@pytest.mark.parametrize(
    "uri",
    [
        f"{REPOSITORY}@{DIGEST}",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com/team/intellpulse-api@{DIGEST}",
        f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/intellpulse@{DIGEST}",
    ],
)
def test_an_image_is_taken_by_its_digest(template, uri):
    assert re.fullmatch(template["Parameters"]["ImageUri"]["AllowedPattern"], uri)


@pytest.mark.parametrize(
    "uri",
    [
        REPOSITORY,
        f"{REPOSITORY}:latest",
        f"{REPOSITORY}:1.0.0@{DIGEST}",
        f"{REPOSITORY}@{DIGEST[:-1]}",
        f"{REPOSITORY}@{DIGEST}0",
        f"{REPOSITORY}@{DIGEST.upper()}",
        f"docker.io/library/intellpulse@{DIGEST}",
        f"{REPOSITORY}@{DIGEST}\n",
        "",
    ],
)
def test_an_image_by_tag_or_from_elsewhere_is_not_taken(template, uri):
    pattern = template["Parameters"]["ImageUri"]["AllowedPattern"]
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    assert not re.fullmatch(pattern, uri)


def test_the_function_is_an_image_behind_an_alias(resources):
    function = resources["ApiFunction"]["Properties"]
    assert function["PackageType"] == "Image"
    assert function["ImageUri"] == {"Ref": "ImageUri"}
    assert function["AutoPublishAlias"] == "live"
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "ApiLogGroup"}}


def test_the_url_is_public_and_leaves_cors_to_the_app(resources):
    [url] = of_type(resources, "AWS::Lambda::Url").values()
    assert url["Properties"]["AuthType"] == "NONE"
    assert "Cors" not in url["Properties"]
    assert "FunctionUrlConfig" not in resources["ApiFunction"]["Properties"]


def test_the_url_has_both_permissions_that_a_public_url_needs(resources):
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    granted = [one["Properties"] for one in permissions]
    assert {one["Action"] for one in granted} == {
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    }
    for one in granted:
        # Whoever may call without signing may do so at the URL only, and only behind the alias.
        assert one.get("FunctionUrlAuthType") == "NONE" or one.get("InvokedViaFunctionUrl") is True
        assert one["FunctionName"] == {"Ref": "ApiFunction.Alias"}


def test_tables_forget_on_time_and_can_be_wound_back(resources):
    tables = of_type(resources, "AWS::DynamoDB::Table")
    assert set(tables) == {"AccountsTable", "BarsTable"}
    for table in tables.values():
        properties = table["Properties"]
        assert properties["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }
        assert properties["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True
        }
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["DeletionProtectionEnabled"] is True
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]


def test_the_accounts_table_is_laid_out_as_the_store_expects(resources):
    properties = resources["AccountsTable"]["Properties"]
    assert {name: properties[name] for name in TABLE} == TABLE
    assert properties["TimeToLiveSpecification"]["AttributeName"] == TIME_TO_LIVE


def test_the_bars_table_is_laid_out_as_the_store_expects(resources):
    properties = resources["BarsTable"]["Properties"]
    assert {name: properties[name] for name in BARS} == BARS
    assert properties["TimeToLiveSpecification"]["AttributeName"] == EXPIRES


def test_the_bucket_is_private_and_lets_go_of_what_is_superseded(resources):
    [bucket] = of_type(resources, "AWS::S3::Bucket").values()
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = properties["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    key, value = SUPERSEDED.split("=")
    assert rules["superseded"]["TagFilters"] == [{"Key": key, "Value": value}]
    assert rules["superseded"]["ExpirationInDays"] == KEPT_DAYS
    # No rule reaches a chunk that is not tagged.
    assert set(rules) == {"superseded", "panels", "uploads"}
    assert rules["panels"]["Prefix"] == "panels/"
    assert "ExpirationInDays" not in rules["uploads"]


def test_the_bucket_is_reached_by_encrypted_connections_only(resources):
    [policy] = of_type(resources, "AWS::S3::BucketPolicy").values()
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_logs_are_kept_for_a_time_and_not_for_ever(resources):
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_no_right_is_given_by_wildcard(resources):
    for statement in statements(resources):
        assert statement["Effect"] == "Allow"
        for action in many(statement["Action"]):
            assert "*" not in action
        for resource in many(statement["Resource"]):
            # The objects of one bucket are as narrow as a resource of S3 can be.
            objects = {"Fn::Sub": "${BarsBucket.Arn}/*"}
            assert "*" not in str(resource) or resource == objects


def test_the_role_reaches_the_accounts_the_bars_and_its_own_log_only(resources):
    reached = {
        resource["Fn::GetAtt"][0] if "Fn::GetAtt" in resource else resource["Fn::Sub"]: set(
            many(statement["Action"])
        )
        for statement in statements(resources)
        for resource in many(statement["Resource"])
    }
    assert reached == {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "BarsTable": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"},
        "BarsBucket": {"s3:ListBucket"},
        "${BarsBucket.Arn}/*": {"s3:GetObject"},
        "ApiLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }


def test_every_variable_is_a_setting(resources):
    settings = {f"INTELLPULSE_{one.name.upper()}" for one in fields(Settings)}
    assert set(variables(resources)) <= settings


def test_settings_accept_what_the_stack_gives(template, resources):
    def given(value):
        if not isinstance(value, dict):
            return value
        parameter = template["Parameters"].get(value["Ref"])
        return str(parameter["Default"]) if parameter else f"stack-{value['Ref']}"

    environ = {name: given(value) for name, value in variables(resources).items()}
    read = Settings.read(environ)
    assert read.store == "dynamodb"
    assert read.accounts_table == "stack-AccountsTable"
    assert (read.bars, read.bars_table, read.bars_bucket) == (
        "dynamodb",
        "stack-BarsTable",
        "stack-BarsBucket",
    )
    assert read.environment == "live"


def test_both_environments_of_keys_can_be_deployed(template):
    [choices] = [one.metadata["choices"] for one in fields(Settings) if one.name == "environment"]
    assert set(template["Parameters"]["Environment"]["AllowedValues"]) == set(choices)
