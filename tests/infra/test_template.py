"""The stack: what it must hold, what it must not allow, and that it agrees with the code."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.decode import decode

from graphql_api import rotation
from graphql_api.guard.plans import PLANS
from graphql_api.guard.secrets import SHORTEST
from graphql_api.http.origin import HEADER, viewer_address
from graphql_api.settings import Settings
from graphql_api.stores.dynamodb.items import INDEX, TABLE, TIME_TO_LIVE
from market_data.stores.dynamodb import TABLE as BARS
from market_data.stores.dynamodb import TIME_TO_LIVE as EXPIRES
from market_data.stores.dynamodb.bucket import SUPERSEDED
from market_data.stores.objects import KEPT_DAYS

INFRA = Path(__file__).parents[2] / "infra"
TEMPLATE = INFRA / "template.yaml"
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


def statements(resources, *roles):
    for name in roles or of_type(resources, "AWS::IAM::Role"):
        role = resources[name]
        for policy in role["Properties"]["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


def many(value):
    return value if isinstance(value, list) else [value]


def variables(resources):
    return resources["ApiFunction"]["Properties"]["Environment"]["Variables"]


@pytest.mark.parametrize("name", ["template.yaml", "edge.yaml"])
def test_cfn_lint_finds_nothing_not_even_to_remark(name):
    assert lint_file(INFRA / name, config=ManualArgs(include_checks=["I"])) == []


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
    granted = [one["Properties"] for one in permissions if one["Properties"]["Principal"] == "*"]
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


def reached(resources, role):
    """What a role may do, by the resource that it may do it to."""
    found = {}
    for statement in statements(resources, role):
        for resource in many(statement["Resource"]):
            ((_, name),) = resource.items()
            name = name[0] if isinstance(name, list) else name
            found.setdefault(name, set()).update(many(statement["Action"]))
    return found


def test_the_api_reaches_accounts_bars_its_one_secret_and_its_own_log_only(resources):
    assert reached(resources, "ApiRole") == {
        "AccountsTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        "${AccountsTable.Arn}/index/" + INDEX: {"dynamodb:Query"},
        "BarsTable": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"},
        "BarsBucket": {"s3:ListBucket"},
        "${BarsBucket.Arn}/*": {"s3:GetObject"},
        "OriginSecret": {"secretsmanager:GetSecretValue"},
        "ApiLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }


def test_what_exchanges_the_secret_reaches_that_the_edge_and_its_own_log_only(resources):
    edge = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Edge}"
    assert reached(resources, "RotationRole") == {
        "OriginSecret": {
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        },
        edge: {
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
        },
        "WebAclArn": {"wafv2:GetWebACL"},
        "RotationLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }


def test_every_variable_is_a_setting(resources):
    settings = {f"INTELLPULSE_{one.name.upper()}" for one in fields(Settings)}
    assert set(variables(resources)) <= settings


def test_settings_accept_what_the_stack_gives(template, resources):
    def given(value):
        if not isinstance(value, dict):
            return value
        if "Fn::Sub" in value:
            return value["Fn::Sub"].replace(
                "${OriginSecret}", "arn:aws:secretsmanager:a:1:secret:b"
            )
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
    assert read.origin_secret == "secretsmanager:arn:aws:secretsmanager:a:1:secret:b"
    assert read.viewer_address_header == "x-viewer-address"


def test_both_environments_of_keys_can_be_deployed(template):
    [choices] = [one.metadata["choices"] for one in fields(Settings) if one.name == "environment"]
    assert set(template["Parameters"]["Environment"]["AllowedValues"]) == set(choices)


# The edge: firewall, CDN, and the secret between CDN and API.


@pytest.fixture(scope="module")
def edge(resources):
    [distribution] = of_type(resources, "AWS::CloudFront::Distribution").values()
    return distribution["Properties"]["DistributionConfig"]


@pytest.fixture(scope="module")
def firewall():
    document, problems = decode(str(INFRA / "edge.yaml"))
    assert problems == []
    return document


def test_the_cdn_shows_the_secret_that_the_api_asks_for(resources, edge):
    [origin] = edge["Origins"]
    [header] = origin["OriginCustomHeaders"]
    assert header["HeaderName"].encode() == HEADER == rotation.HEADER.encode()
    reference = "{{resolve:secretsmanager:${OriginSecret}}}"
    assert header["HeaderValue"] == {"Fn::Sub": reference}
    asked = variables(resources)["INTELLPULSE_ORIGIN_SECRET"]
    assert asked == {"Fn::Sub": "secretsmanager:${OriginSecret}"}
    made = resources["OriginSecret"]["Properties"]["GenerateSecretString"]
    assert made["PasswordLength"] >= SHORTEST
    assert made["ExcludePunctuation"] is True  # a header takes it as it is


def test_no_secret_stands_in_a_template():
    for path in INFRA.glob("*.yaml"):
        text = path.read_text()
        for line in text.splitlines():
            assert not re.search(r"HeaderValue: [\"']?[A-Za-z0-9]", line)
        assert "SecretString:" not in text.replace("GenerateSecretString:", "")


def test_the_cdn_reaches_the_url_encrypted_and_keeps_nothing(edge):
    [origin] = edge["Origins"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    behaviour = edge["DefaultCacheBehavior"]
    assert behaviour["TargetOriginId"] == origin["Id"]
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    # With the caller's Host a Function URL would not know itself.
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert {"GET", "POST", "OPTIONS"} <= set(behaviour["AllowedMethods"])
    assert "CacheBehaviors" not in edge


def test_the_firewall_stands_before_the_cdn(edge, template):
    assert edge["WebACLId"] == {"Ref": "WebAclArn"}
    pattern = template["Parameters"]["WebAclArn"]["AllowedPattern"]
    name = "global/webacl/intellpulse/a1b2c3d4-5678-90ab-cdef-1234567890ab"
    assert re.fullmatch(pattern, f"arn:aws:wafv2:us-east-1:123456789012:{name}")
    assert not re.fullmatch(pattern, f"arn:aws:wafv2:eu-central-1:123456789012:{name}")
    assert not re.fullmatch(pattern, "")


def node():
    """The Node.js that builds GraphiQL."""
    path = INFRA.parent / "scripts" / "build_graphiql.py"
    spec = importlib.util.spec_from_file_location("build_graphiql", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module.find_node().node


def run_viewer_address(resources, headers, address):
    """The headers after our function at the edge, run by Node.js."""
    [function] = of_type(resources, "AWS::CloudFront::Function").values()
    code = function["Properties"]["FunctionCode"]
    event = {"viewer": {"ip": address}, "request": {"headers": headers}}
    script = f"{code}\nconsole.log(JSON.stringify(handler({json.dumps(event)}).headers))"
    done = subprocess.run([node(), "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("address", ["198.51.100.10", "2001:db8::1"])
def test_the_edge_says_whose_request_it_is_whatever_the_caller_says(resources, edge, address):
    header = variables(resources)["INTELLPULSE_VIEWER_ADDRESS_HEADER"]
    spoofed = {
        header: {"value": "203.0.113.9:1", "multiValue": [{"value": "203.0.113.9:1"}]},
        "x-origin-secret": {"value": "guessed"},
        "x-api-key": {"value": "k"},
    }
    after = run_viewer_address(resources, spoofed, address)
    assert set(after) == {header, "x-api-key"}
    assert set(after[header]) == {"value"}
    assert viewer_address(after[header]["value"]) == address
    [association] = edge["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"


def test_the_secret_is_exchanged_by_the_image_every_month(resources):
    schedule = resources["OriginSecretRotation"]["Properties"]
    assert schedule["SecretId"] == {"Ref": "OriginSecret"}
    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    function = resources["RotationFunction"]["Properties"]
    [command] = function["ImageConfig"]["Command"]
    module, _, name = command.rpartition(".")
    assert getattr(importlib.import_module(module), name) is rotation.handler
    assert function["Environment"]["Variables"] == {rotation.DISTRIBUTION: {"Ref": "Edge"}}
    assert function["Timeout"] > rotation.PATIENCE
    asked = resources["RotationIsAskedFor"]["Properties"]
    assert asked["Principal"] == "secretsmanager.amazonaws.com"
    assert asked["SourceArn"] == {"Ref": "OriginSecret"}
    assert asked["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_the_image_can_call_what_its_roles_may_reach(resources):
    [kept] = re.findall(r'ARG AWS_SERVICES="([^"]*)"', (INFRA.parent / "Dockerfile").read_text())
    used = {
        action.partition(":")[0]
        for statement in statements(resources)
        for action in many(statement["Action"])
    }
    assert used - {"logs", "wafv2"} <= set(kept.split())
    assert "ssm" in kept.split()  # where an operator keeps a secret there


def test_the_firewall_stops_nobody_who_keeps_to_a_plan(firewall):
    [acl] = of_type(firewall["Resources"], "AWS::WAFv2::WebACL").values()
    assert acl["Properties"]["Scope"] == "CLOUDFRONT"
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Properties"]["Rules"]}
    flood = rules["flood"]["RateBasedStatement"]
    assert (flood["AggregateKeyType"], flood["Limit"]) == ("IP", {"Ref": "RequestsPerMinute"})
    parameter = firewall["Parameters"]["RequestsPerMinute"]
    for plan in PLANS.values():
        most = plan.per_second * flood["EvaluationWindowSec"] + plan.burst
        assert most <= parameter["MinValue"] <= parameter["Default"]


def test_strangers_are_those_without_key_and_token(firewall):
    [acl] = of_type(firewall["Resources"], "AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Properties"]["Rules"]}
    scope = rules["strangers"]["RateBasedStatement"]["ScopeDownStatement"]
    either = scope["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    named = [one["SizeConstraintStatement"]["FieldToMatch"]["SingleHeader"] for one in either]
    assert named == [{"Name": "x-api-key"}, {"Name": "authorization"}]


def test_managed_rules_do_not_stop_what_an_api_is_asked(firewall):
    [acl] = of_type(firewall["Resources"], "AWS::WAFv2::WebACL").values()
    groups = {
        one["Name"]: one
        for rule in acl["Properties"]["Rules"]
        if (one := rule["Statement"].get("ManagedRuleGroupStatement"))
    }
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    counted = {one["Name"] for one in groups["AWSManagedRulesCommonRuleSet"]["RuleActionOverrides"]}
    assert {
        "SizeRestrictions_BODY",
        "SizeRestrictions_QUERYSTRING",
        "NoUserAgent_HEADER",
    } <= counted
    priorities = [rule["Priority"] for rule in acl["Properties"]["Rules"]]
    assert priorities == sorted(set(priorities))


def test_no_sample_of_a_request_is_kept_which_would_show_its_key(firewall):
    [acl] = of_type(firewall["Resources"], "AWS::WAFv2::WebACL").values()
    for one in [acl["Properties"], *acl["Properties"]["Rules"]]:
        assert one["VisibilityConfig"]["SampledRequestsEnabled"] is False
