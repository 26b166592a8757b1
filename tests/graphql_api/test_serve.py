"""intellpulse serve: what it seeds, and what it leaves alone."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from graphql_api.commands import serve
from graphql_api.settings import Settings


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The stores into which the sample was seeded, by a server that ends at once."""
    stores: list[object] = []
    monkeypatch.setattr(serve, "seed", stores.append)
    monkeypatch.setattr(serve, "create_app", lambda settings: None)
    monkeypatch.setattr(serve.uvicorn.Server, "run", lambda self, sockets: sockets[0].close())
    return stores


def test_a_table_of_bars_is_never_seeded_with_the_sample(
    tmp_path: Path, seeded: list[object]
) -> None:
    asked = argparse.Namespace(host="127.0.0.1", port=0)
    here = Settings(data=tmp_path)
    serve.run(asked, replace(here, bars="dynamodb", bars_table="bars", bars_bucket="bars"))
    assert seeded == []
    serve.run(asked, here)
    assert len(seeded) == 1


@pytest.mark.parametrize(
    ("host", "opens"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)]
)
@pytest.mark.usefixtures("seeded")
def test_only_on_this_machine_a_link_brings_the_demo_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, opens: bool
) -> None:
    serve.run(argparse.Namespace(host=host, port=0), Settings(data=tmp_path))
    told = capsys.readouterr().out
    key = (tmp_path / "demo.key").read_text().strip()
    assert f"demo key   {key}\n" in told
    links = [line.split()[1] for line in told.splitlines() if line.startswith("  GraphiQL")]
    assert [link.endswith(f"/#key={key}") for link in links] == [True] * opens
