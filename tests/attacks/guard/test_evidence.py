"""The judge of the attack: what it makes of a write whose answer was lost."""

import pytest

from tests.attacks.guard.evidence import Account, read

DAY = "2026-11-22"
ACCOUNT = Account(per_second=40, burst=40, units_per_day=1_000, lease=20, skew=0)


@pytest.mark.parametrize(
    ("kept", "holds"),
    [((10, 20), True), ((11, 18), True), ((12, 18), False), ((11, 17), False), ((11, 21), False)],
)
def test_a_lost_write_may_charge_a_request_and_give_back_units(tmp_path, kept, holds):
    told = [f"C 1 10 20 {DAY}", "c 1", *[f"A 1 2 3 2 {DAY}"] * 10, f"C 4 1 -2 {DAY}", "c ?", "E"]
    (tmp_path / "0.record").write_text("\n".join(told))
    assert (read(tmp_path).discrepancies(ACCOUNT, {DAY: kept}) == []) is holds
