"""Metrics are written as log lines (EMF): PutMetricData costs a call, time and money a request."""

import re
from pathlib import Path

import pytest
from botocore.client import BaseClient

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("engine", "market_data", "graphql_api", "infra")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".yaml"} and "node_modules" not in path.parts
]


@pytest.fixture
def called(monkeypatch):
    """Every operation of AWS that is called, whatever the client."""
    operations = []
    call = BaseClient._make_api_call

    def noted(self, operation_name, api_params):
        operations.append((self.meta.service_model.service_name, operation_name))
        return call(self, operation_name, api_params)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    return operations


def test_no_source_puts_metric_data():
    assert len(SOURCES) > 150
    puts = re.compile(r"put_?metric_?data", re.IGNORECASE)
    assert [path for path in SOURCES if puts.search(path.read_text(encoding="utf-8"))] == []


def test_a_request_on_lambda_asks_dynamodb_alone(lambda_, ask, new_key, called):
    key = new_key(lambda_)
    called.clear()
    query = '{ signal(symbol: "AAPL") { ... on Signal { action } } usage { unitsUsed } }'
    assert ask(lambda_, query, key).status == 200
    assert ask(lambda_, "{ nothing }", key).status == 200
    assert ask(lambda_, query, "ip_live_junk").status == 401
    assert {service for service, _ in called} == {"dynamodb"}
    assert called.count(("dynamodb", "UpdateItem")) == 3  # two admissions, one last use
