"""What every indicator and every strategy in the catalogue promises, tried on all of them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import engine
from engine import BadParameter, Bars, NotEnoughHistory, UnknownName
from tests.engine.same_bits import same, says_of_many_what_it_says_of_each

INDICATORS = list(engine.indicators().values())
STRATEGIES = list(engine.strategies().values())
ENTRIES = [*INDICATORS, *STRATEGIES]
each_indicator = pytest.mark.parametrize("spec", INDICATORS, ids=lambda spec: spec.name)
each_strategy = pytest.mark.parametrize("spec", STRATEGIES, ids=lambda spec: spec.name)
each_entry = pytest.mark.parametrize("spec", ENTRIES, ids=lambda spec: spec.name)


PRICES = ("open", "high", "low", "close")


@st.composite
def made_bars(draw, longest=60):
    """Bars with ties, gaps, flat stretches and no volume, at ordinary and at odd price levels."""
    n = draw(st.integers(0, longest))
    level, step = draw(st.sampled_from([(100.0, 1.0), (1e6, 1e-3), (0.01, 1e-4), (50.0, 0.0)]))
    small = st.integers(-8, 8)
    close = level + step * np.cumsum(draw(arrays(np.int64, n, elements=small)))
    close = np.maximum(close, step or level)
    spread = step * draw(arrays(np.int64, n, elements=st.integers(0, 5)))
    opening = np.concatenate([close[:1], close[:-1]])
    volume = draw(arrays(np.int64, n, elements=st.sampled_from([0, 1, 1000, 10**9])))
    high, low = np.maximum(opening, close) + spread, np.minimum(opening, close)
    return Bars(np.arange(n) * 86_400_000_000, opening, high, low, close, volume)


@each_indicator
def test_an_indicator_gives_one_value_a_bar_and_is_silent_only_while_warming_up(spec, bars):
    outputs = spec.compute(bars)
    assert tuple(outputs) == spec.outputs
    warm_ups = []
    for column in outputs.values():
        assert column.shape == (len(bars),)
        assert column.dtype == np.float64
        silent = np.isnan(column)
        warm_ups.append(int(silent.sum()))
        assert not silent[warm_ups[-1] :].any()
        assert np.isfinite(column[warm_ups[-1] :]).all()
    assert max(warm_ups) == spec.lookback()


@each_indicator
def test_an_indicator_answers_histories_of_every_short_length(spec, bars):
    for length in range(spec.lookback() + 3):
        outputs = spec.compute(bars[:length])
        warm_ups = [int(np.isnan(column).sum()) for column in outputs.values()]
        assert all(len(column) == length for column in outputs.values())
        assert max(warm_ups) == min(length, spec.lookback())


@each_indicator
def test_an_indicator_never_looks_ahead(spec, bars):
    whole = spec.compute(bars)
    for length in (1, spec.lookback() + 1, spec.lookback() + 2, 500, 1111, len(bars) - 1):
        for name, column in spec.compute(bars[:length]).items():
            assert same(column, whole[name][:length]), (name, length)


@each_indicator
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_an_indicator_never_looks_ahead_on_odd_bars_either(spec, data):
    bars = data.draw(made_bars())
    given_values = {
        parameter.name: data.draw(
            st.integers(int(parameter.minimum), min(int(parameter.maximum), 20))
            if parameter.integer
            else st.floats(parameter.minimum, parameter.maximum)
        )
        for parameter in spec.parameters
    }
    whole = spec.compute(bars, **given_values)
    length = data.draw(st.integers(0, len(bars)))
    for name, column in spec.compute(bars[:length], **given_values).items():
        assert same(column, whole[name][:length])
        assert np.isnan(column).sum() <= min(spec.lookback(**given_values), length)


@each_indicator
def test_an_indicator_takes_a_batch_of_symbols_and_says_of_each_what_it_says_alone(spec, real):
    length = min(len(bars) for bars in real.values())
    series = [bars[:length] for bars in real.values()]
    columns = [np.stack([getattr(bars, name) for bars in series]) for name in spec.inputs]
    answer = spec.function(*columns, **spec.resolved({}))
    batch = dict(zip(spec.outputs, answer if isinstance(answer, tuple) else [answer], strict=True))
    for row, bars in enumerate(series):
        for name, column in spec.compute(bars).items():
            np.testing.assert_array_equal(batch[name][row], column)


@each_indicator
def test_an_indicator_leaves_its_input_as_it_was(spec, bars):
    columns = [np.array(getattr(bars, name)) for name in spec.inputs]
    spec.function(*columns, **spec.resolved({}))
    for name, column in zip(spec.inputs, columns, strict=True):
        assert same(column, getattr(bars, name))


@each_indicator
def test_an_indicator_says_of_many_last_bars_at_once_what_it_says_of_each(spec, real):
    series = real["IBM"]
    still = {name: np.where(np.arange(3270) < 150, getattr(series, name), 106.0) for name in PRICES}
    for length in (1, 2, 14, 15, 20, 21, 27, 28, 29, 34, 35, 60, 180, 400):
        bars = series.replace(**still)[:length]
        closes = bars.close[-1] * np.linspace(0.75, 1.25, 7)
        assert says_of_many_what_it_says_of_each(spec, bars, closes), length


@each_entry
def test_an_entry_tells_callers_what_it_is(spec):
    assert spec.title
    assert "\n" not in spec.title
    assert spec.description.startswith(spec.title)
    assert "Parameters" not in spec.description
    for parameter in spec.parameters:
        assert parameter.description.endswith(".")
        assert parameter.minimum <= parameter.default <= parameter.maximum


@each_entry
def test_an_entry_refuses_parameters_it_does_not_have(spec):
    with pytest.raises(BadParameter, match=f"{spec.name} has no parameter 'colour'"):
        spec.resolved({"colour": 1})


@pytest.mark.parametrize(
    ("spec", "parameter"),
    [
        pytest.param(spec, parameter, id=f"{spec.name}-{parameter.name}")
        for spec in ENTRIES
        for parameter in spec.parameters
    ],
)
def test_a_parameter_out_of_range_or_of_another_kind_is_refused_in_a_sentence(spec, parameter):
    out_of_range = [(parameter.minimum - 1, "between"), (parameter.maximum + 1, "between")]
    no_number = [(value, "a number") for value in (float("nan"), float("inf"), True, "14", None)]
    no_whole_number = [(parameter.default + 0.5, "a whole number")] if parameter.integer else []
    for value, reason in out_of_range + no_number + no_whole_number:
        with pytest.raises(BadParameter, match=f"{spec.name}: {parameter.name} must be {reason}"):
            spec.resolved({parameter.name: value})


@each_entry
def test_a_whole_number_may_come_as_a_float(spec):
    floats = {parameter.name: float(parameter.default) for parameter in spec.parameters}
    resolved = spec.resolved(floats)
    assert resolved == spec.resolved({})
    assert all(isinstance(resolved[p.name], int) for p in spec.parameters if p.integer)


def test_a_name_that_is_in_no_catalogue_is_refused_with_those_that_are(bars):
    with pytest.raises(UnknownName, match=r"no indicator is called 'FORTUNE'; there are .*RSI"):
        engine.compute("FORTUNE", bars)
    with pytest.raises(
        UnknownName, match=r"no strategy is called 'FORTUNE'; there are .*PRICE_AND"
    ):
        engine.decide("FORTUNE", bars)


@each_strategy
def test_a_strategy_never_looks_ahead(spec, bars):
    whole = engine.decide(spec.name, bars)
    for length in (spec.lookback() + 1, spec.lookback() + 2, 777, len(bars) - 1):
        part = engine.decide(spec.name, bars[:length])
        assert same(part.score, whole.score[:length])
        assert same(part.action, whole.action[:length])
        assert same(part.contributions, whole.contributions[:, :length])


@each_strategy
def test_a_strategy_asks_for_as_many_bars_as_it_needs_and_no_more(spec, bars):
    needed = spec.lookback() + 1
    for length in range(needed):
        with pytest.raises(NotEnoughHistory) as refusal:
            engine.decide(spec.name, bars[:length])
        assert (refusal.value.needed, refusal.value.known) == (needed, length)
    assert engine.decide(spec.name, bars[:needed]).first == spec.lookback()


@each_strategy
def test_the_contributions_of_every_bar_add_up_to_its_score(spec, all_real):
    for bars in all_real.values():
        decision = engine.decide(spec.name, bars)
        summed = decision.baseline + decision.contributions.sum(axis=0)
        assert np.abs(summed - decision.score).max() <= 1e-15
        assert (np.abs(decision.score) <= 1.0).all()
        assert not decision.score[: decision.first].any()
        assert not decision.action[: decision.first].any()
        assert decision.action.dtype == np.int8
        assert decision.contributions.shape == (len(decision.reasons), len(bars))


@each_strategy
def test_the_rating_is_the_one_that_the_published_thresholds_give_the_score(spec, bars):
    decision = engine.decide(spec.name, bars)
    assert list(spec.thresholds) == sorted(spec.thresholds, key=lambda t: -t.rating)
    expected = np.full(len(bars), int(spec.thresholds[-1].rating))
    for threshold in reversed(spec.thresholds[:-1]):
        buying = threshold.rating > 0  # on a threshold the weaker rating holds
        over = decision.score > threshold.above if buying else decision.score >= threshold.above
        expected = np.where(over, int(threshold.rating), expected)
    clear = np.ones(len(bars), dtype=bool)
    for threshold in spec.thresholds:  # within rounding of a threshold, whole numbers decide
        clear &= np.abs(decision.score - threshold.above) > 1e-12
    assert same(decision.rating[clear], expected[clear])
    assert same(np.sign(decision.rating), decision.action)


@each_strategy
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(bars=made_bars(longest=120))
def test_a_strategy_stays_exact_on_odd_bars(spec, bars):
    if len(bars) <= spec.lookback():
        with pytest.raises(NotEnoughHistory):
            engine.decide(spec.name, bars)
        return
    decision = engine.decide(spec.name, bars)
    summed = decision.baseline + decision.contributions.sum(axis=0)
    assert np.abs(summed - decision.score).max() <= 1e-15
    for bar in (decision.first, -1):
        explained = engine.explain(decision, bar)
        assert explained.summary.startswith(explained.action.name)


@each_strategy
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_strategy_with_small_windows_stays_exact_and_blind_on_odd_bars(spec, data):
    bars = data.draw(made_bars())
    values = {
        parameter.name: data.draw(
            st.integers(int(parameter.minimum), min(int(parameter.maximum), 9))
            if parameter.integer
            else st.floats(parameter.minimum, parameter.maximum)
        )
        for parameter in spec.parameters
    }
    try:
        whole = engine.decide(spec.name, bars, **values)
    except (BadParameter, NotEnoughHistory):
        return
    summed = whole.baseline + whole.contributions.sum(axis=0)
    assert np.abs(summed - whole.score).max() <= 1e-15
    assert (np.abs(whole.score) <= 1.0).all()
    assert np.isfinite(whole.weights).all()
    length = data.draw(st.integers(whole.first + 1, len(bars)))
    part = engine.decide(spec.name, bars[:length], **values)
    assert same(part.contributions, whole.contributions[:, :length])
    assert same(part.rating, whole.rating[:length])
    state = engine.open(spec.name, bars[:length], **values)
    if length < len(bars):
        state.update(bars[length:])
    assert (state.score, state.rating) == (whole.score[-1], whole.rating[-1])


@each_strategy
def test_a_hash_names_the_strategy_with_all_its_parameters(spec):
    assert spec.hash() == spec.hash(**{p.name: float(p.default) for p in spec.parameters})
    others = {
        spec.hash(**{p.name: end})
        for p in spec.parameters
        for end in (p.minimum, p.maximum)
        if end != p.default
    }
    assert spec.hash() not in others
    assert len(spec.hash()) == 16


def test_hashes_are_the_same_in_every_process():
    program = "import engine; print({n: s.hash() for n, s in engine.strategies().items()})"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            cwd=".",
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = str({name: spec.hash() for name, spec in engine.strategies().items()})
    assert [line.decode().strip() for line in printed] == [here]
