"""The engine's claims of equal bits on one real series, for whichever kernels this process has.

Run as a program it tries them all and prints a digest of what each entry of the catalogue says.
"""

import json
from hashlib import sha256

import numpy as np

import engine
from engine.fork import Fork
from engine.memory import Memory, recalling
from tests.engine.conftest import read

COLUMNS = ("time", "open", "high", "low", "close", "volume")
FROM_THE_FIRST_BAR = {
    *("OBV", "ACCUMULATION_DISTRIBUTION", "DRAWDOWN", "SESSION_VWAP"),
    *("PARABOLIC_SAR", "SUPERTREND"),
}
"""No strategy is made of these, so no tail has to answer for them."""


def same(one, other):
    """Equal bit for bit, NaN included."""
    return np.array_equal(one, other, equal_nan=True)


def last_bars(bars, closes):
    """The last bar, had it closed at each of these, its high and low stretched to hold them."""
    return {
        "close": closes,
        "high": np.maximum(bars.high[-1], closes),
        "low": np.minimum(bars.low[-1], closes),
    }


def says_of_many_what_it_says_of_each(spec, bars, closes):
    """Whether a fork says of each last bar what a history that ends with it says."""
    last = last_bars(bars, closes)
    forked = {
        name: Fork(getattr(bars, name)[:-1], last.get(name, getattr(bars, name)[-1:]))
        for name in COLUMNS
    }
    answer = spec.function(*(forked[name] for name in spec.inputs), **spec.resolved({}))
    answer = answer if isinstance(answer, tuple) else [answer]
    for candidate in range(len(closes)):
        fed = bars.replace(
            **{n: np.append(getattr(bars, n)[:-1], c[candidate]) for n, c in last.items()}
        )
        for column, whole in zip(answer, spec.compute(fed).values(), strict=True):
            said = np.broadcast_to(getattr(column, "last", column[..., -1:]), closes.shape)
            if not same(said[candidate], whole[-1]):
                return False
    return True


def says_of_a_prefix_what_it_says_of_the_whole(spec, bars, length):
    """Whether the bars to come change nothing."""
    whole = spec.compute(bars)
    part = spec.compute(bars[:length])
    return all(same(part[name], whole[name][:length]) for name in whole)


def goes_on_from_what_it_remembers(spec, bars, gone):
    """Whether a tail that remembers what the recursions were says what the whole history says."""
    with recalling(Memory(None, gone)) as memory:
        whole = spec.compute(bars)
    with recalling(Memory(memory.after)):
        tail = spec.compute(bars[gone:])
    known = spec.lookback()
    return all(same(tail[name][known:], whole[name][gone + known :]) for name in whole)


def try_indicator(spec, bars):
    for length in (spec.lookback() + 1, spec.lookback() + 2, len(bars) // 2, len(bars) - 1):
        assert says_of_a_prefix_what_it_says_of_the_whole(spec, bars, length), (spec.name, length)
        closes = bars.close[length - 1] * np.linspace(0.8, 1.2, 3)
        assert says_of_many_what_it_says_of_each(spec, bars[:length], closes), (spec.name, length)
    if spec.name not in FROM_THE_FIRST_BAR:
        assert goes_on_from_what_it_remembers(spec, bars, 100), spec.name
    return spec.compute(bars).values()


def try_strategy(spec, bars):
    decision = engine.decide(spec.name, bars)
    start = max(spec.reach() + 2, len(bars) - 5)
    state = engine.open(spec.name, bars[:start])
    for bar in range(start, len(bars)):
        state.update(bars[bar : bar + 1])
        assert (state.score, state.rating) == (decision.score[bar], decision.rating[bar]), spec.name
    for flip in filter(None, engine.flips(decision)):
        last = last_bars(bars, np.array([flip.price]))
        fed = bars.replace(**{n: np.append(getattr(bars, n)[:-1], c) for n, c in last.items()})
        assert engine.decide(spec.name, fed).action[-1] == flip.action, spec.name
    return decision.score, decision.rating, decision.contributions


def digest(columns):
    return sha256(b"".join(np.ascontiguousarray(c).tobytes() for c in columns)).hexdigest()


def main():
    bars = read("IBM")[:600]
    said = {spec.name: digest(try_indicator(spec, bars)) for spec in engine.indicators().values()}
    for spec in engine.strategies().values():
        said[f"{spec.name} decided"] = digest(try_strategy(spec, bars))
    judged = engine.backtest(engine.decide("MOVING_AVERAGE_CROSS", bars))
    measures = [judged.sharpe, judged.sortino, judged.probabilistic_sharpe, judged.costs]
    said["backtest"] = digest([judged.equity, np.array(measures)])
    print(json.dumps(said))  # noqa: T201


if __name__ == "__main__":
    main()
