"""The DynamoDB that images are tried on answers over HTTP as the real one, refusals included."""

import boto3
import pytest

from graphql_api.stores.dynamodb.items import TABLE
from infra.dynamodb_endpoint import REGION, DynamoDBEndpoint

ITEM = {"pk": {"S": "ACCT#1"}, "sk": {"S": "PROFILE"}, "plan": {"S": "BASIC"}}


@pytest.fixture
def endpoint():
    with DynamoDBEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint):
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=endpoint.environment()["AWS_ENDPOINT_URL_DYNAMODB"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_table(TableName="tried", **TABLE)
    yield client
    client.delete_table(TableName="tried")
    client.close()


def test_what_is_written_is_read(client, endpoint):
    client.put_item(TableName="tried", Item=ITEM)
    key = {"pk": ITEM["pk"], "sk": ITEM["sk"]}
    assert client.get_item(TableName="tried", Key=key)["Item"] == ITEM
    assert endpoint.called == {
        "dynamodb:CreateTable",
        "dynamodb:PutItem",
        "dynamodb:GetItem",
    }


def test_a_refused_write_hands_back_the_item(client):
    client.put_item(TableName="tried", Item=ITEM)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as refused:
        client.put_item(
            TableName="tried",
            Item=ITEM,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Item"] == ITEM
