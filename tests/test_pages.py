"""The pages say what is so: what they link to and name is there, and their example works."""

import re
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

from engine.catalog import Between, indicator, indicators
from engine.indicators.trend import sma
from engine.types import Prices, Values

ROOT = Path(__file__).parent.parent
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("infra/*.md"),
    *ROOT.glob("market_data/sample/*.md"),
]
NAMES = {
    "Annotated": Annotated,
    "Between": Between,
    "Prices": Prices,
    "Values": Values,
    "indicator": indicator,
    "sma": sma,
}
"""What a file of indicators imports."""

PACKAGES = ("", "graphql_api/", "market_data/", "market_data/sources/", "infra/")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_and_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    for name in re.findall(r"`((?:\w+/)*\w+\.(?:py|sh|yaml|toml|md))`", text):
        assert any((ROOT / package / name).exists() for package in PACKAGES), name


def test_the_indicator_that_contributors_are_shown_is_one(monkeypatch):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [source] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.setattr("engine.catalog._INDICATORS", {})
    exec(source, NAMES)
    [spec] = indicators().values()
    assert (spec.name, spec.title, spec.windowed) == ("SPREAD", "Spread", True)
    assert spec.inputs == ("high", "low")
    assert [(one.name, one.default) for one in spec.parameters] == [("window", 14)]
    said = spec.function(np.array([3.0, 5, 4]), np.array([1.0, 1, 1]), window=2)
    assert np.isnan(said[: spec.lookback(window=2)]).all()
    assert said[1:].tolist() == [3.0, 3.5]
