"""Modules export what they say, and errors are one tree."""

import importlib
import pkgutil

import pytest

import market_data
from market_data import errors

MODULES = [
    one.name for one in pkgutil.walk_packages(market_data.__path__, "market_data.") if not one.ispkg
]


@pytest.mark.parametrize("name", [*MODULES, "market_data.stores"])
def test_a_module_exports_names_it_has_in_order(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for exported in module.__all__:
        assert hasattr(module, exported)


def test_every_error_is_a_market_data_error():
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.MarketDataError)
        assert name in (errors.__doc__ or "")
