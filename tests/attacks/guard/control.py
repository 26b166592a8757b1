"""The negative control of the attack: on a store that loses writes it must find over-grants.

``make attack`` runs it, alone on the machine: moto takes some 15 ms of a processor for a write,
most of it for reading the expression. So half as many environments ask, and wait longer than a
guard does; else most would hear that the store is away, and nobody could be granted too much.
"""

from collections.abc import Iterator

import pytest

from infra.dynamodb_endpoint import DynamoDBEndpoint
from tests.attacks.guard.fleet import Fleet
from tests.attacks.guard.test_attack import SECONDS, on_a_table
from tests.attacks.guard.trials import Trial

PROCESSES = 2
TRIALS = 12  # at most; few answers come in one, and not in all does anybody get too much


@pytest.fixture(scope="module")
def on_unlocked_moto() -> Iterator[Fleet]:
    """A DynamoDB whose writes are not atomic: it reads an item, and writes it a while later."""
    with DynamoDBEndpoint(atomic=False) as place:
        yield from on_a_table(place, "slow", PROCESSES)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
def test_on_a_store_that_loses_writes_the_same_attack_finds_over_grants(
    on_unlocked_moto: Fleet, weighted: bool
) -> None:
    for number in range(TRIALS):
        result = on_unlocked_moto.run(Trial.numbered("both", weighted, number, SECONDS))
        print(f"control     {result}", flush=True)
        if result.over_grants and result.discrepancies:
            return
    pytest.fail("nothing was granted over a limit, though writes were lost")
