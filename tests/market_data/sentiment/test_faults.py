"""Sentiment that is committed while anything goes wrong: no answer to a fixed moment changes."""

import random

import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError

from market_data.calendar import DAY, SECOND
from market_data.errors import StoreUnavailable
from market_data.readings import Delivered
from market_data.stores.dynamodb import readings
from market_data.stores.dynamodb.readings_table import content_name
from tests.market_data.sentiment.conftest import MONDAY

EVER = 30_000 * DAY
DELIVERIES = 12


class Killed(BaseException):
    """The process is gone."""


class Trouble:
    """A client whose writes are refused on the way, done and not heard of, slow, or its last."""

    def __init__(self, client, chance, clock, look):
        self.client = client
        self._chance = chance
        self._clock = clock
        self._look = look

    def __getattr__(self, name):
        return getattr(self.client, name)

    def put_item(self, **asked):
        return self._troubled(self.client.put_item, asked)

    def update_item(self, **asked):
        return self._troubled(self.client.update_item, asked)

    def _troubled(self, call, asked):
        self._look()
        what = self._chance.choices(["well", "lost", "unheard", "slow", "killed", "dead"], W)[0]
        if what == "killed":
            raise Killed
        if what == "lost":
            raise ReadTimeoutError(endpoint_url="http://table")
        if what == "slow":
            self._clock.sleep(self._chance.choice([0.4, 1.6, 3.0]))
        answer = call(**asked)
        self._look()
        if what == "unheard":
            raise ReadTimeoutError(endpoint_url="http://table")
        if what == "dead":
            raise Killed
        return answer


W = [12, 1, 1, 3, 1, 1]


def nothing_that_is_named_expires(reader):
    kept = reader.readings("AAPL")
    named = [content_name("AAPL", kept.content)] if kept.content else []
    assert reader._rows.lasting(named) == tuple(named)


@pytest.mark.parametrize("beside", [0, 3_900])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_goes_wrong_no_answer_changes_and_what_comes_again_is_all_there(
    on_dynamodb, aws, clock, monkeypatch, beside, seed
):
    monkeypatch.setattr(readings, "BESIDE", beside)
    chance, answers, told = random.Random(seed), {}, {}
    reader, trusting = on_dynamodb(), on_dynamodb(fresh_for=3 * SECOND)

    def look():
        """Ask as of a few moments, as a reader does whose clock is a little off."""
        now = clock.now + chance.randint(-200_000, 200_000)
        kept = chance.choice([reader, trusting]).ask(["AAPL"])()["AAPL"]
        for as_of in {now, now - chance.randint(0, 5 * SECOND), *list(answers)[-3:]}:
            if as_of > (now if kept.horizon is None else min(now, kept.horizon)):
                continue
            heard = kept.heard(EVER, as_of)
            said = heard and heard.data_version
            assert answers.setdefault(as_of, said) == said

    def deliver(store, days, values, fetched_at):
        time = MONDAY + np.array(days, np.int64) * DAY
        store.commit("AAPL", Delivered(time, time + DAY, np.array(values), "told", fetched_at))

    for _ in range(DELIVERIES):
        days = sorted(chance.sample(range(10), 3))
        values = [chance.choice([0.1, 0.5, 0.9]) for _ in days]
        fetched_at = clock.now - chance.choice([0, 0, 2 * DAY])
        for day, value in zip(days, values, strict=True):
            if fetched_at > told.get(day, (0, 0.0))[0]:
                told[day] = fetched_at, value
        while True:  # the queue brings it again until it is done
            store = on_dynamodb(Trouble(aws[0], chance, clock, look))
            try:
                deliver(store, days, values, fetched_at)
                break
            except (Killed, StoreUnavailable):
                clock.sleep(chance.choice([0, 1, 40]))
            look()
            nothing_that_is_named_expires(reader)
        nothing_that_is_named_expires(reader)
        clock.sleep(chance.choice([0, 3, 60]))
    clock.sleep(60)
    kept = reader.readings("AAPL")
    newest = dict(zip(((kept.time - MONDAY) // DAY).tolist(), kept.value.tolist(), strict=True))
    assert newest == {day: value for day, (_, value) in told.items()}
    assert kept.pending == 0
    for as_of, said in answers.items():
        heard = kept.heard(EVER, as_of)
        assert (heard and heard.data_version) == said
    assert len(answers) > 50
    list(reader.sweep(apply=True))
    assert on_dynamodb().readings("AAPL").value.tolist() == kept.value.tolist()
    assert list(reader.sweep()) == []
