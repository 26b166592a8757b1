"""Rows of several parts under one list of origins."""

import numpy as np

from market_data.rows import Rows


def told(*origins: str, by: list[int]) -> Rows:
    n = np.arange(len(by), dtype=np.int64)
    prices = [n + 0.5 for _ in range(5)]
    return Rows(n, n, n, np.array(by, np.int64), *prices, origins=origins)


def names(rows: Rows) -> list[str]:
    return [rows.origins[i] for i in rows.origin]


def test_rows_of_several_parts_keep_whose_they_are():
    both = Rows.concatenate([told("a", "b", by=[1, 0]), told("c", "a", by=[0, 1, 1])])
    assert both.origins == ("a", "b", "c")
    assert names(both) == ["b", "a", "c", "a", "a"]
    assert both.close.tolist() == [0.5, 1.5, 0.5, 1.5, 2.5]


def test_one_part_is_all_there_is_and_is_not_copied():
    part = told("a", by=[0, 0])
    assert Rows.concatenate([part]) is part


def test_origins_are_found_in_a_longer_list_in_any_order():
    part = told("a", "b", by=[1, 0, 1])
    assert part.origin_in(("a", "b", "c")).tolist() == [1, 0, 1]
    assert part.origin_in(("b", "c", "a")).tolist() == [0, 2, 0]
