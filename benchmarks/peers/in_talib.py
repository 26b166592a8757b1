"""The same indicators in TA-Lib: by name, from bars and parameters to all outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import talib

__all__ = ["TALIB"]

SIMPLE = 0  # TA-Lib's number for the plain mean


def _aroon(b: Any, window: int) -> tuple[Any, ...]:
    down, up = talib.AROON(b.high, b.low, window)
    return up, down, talib.AROONOSC(b.high, b.low, window)


def _adx(b: Any, window: int) -> tuple[Any, ...]:
    prices = b.high, b.low, b.close
    return (
        talib.ADX(*prices, window),
        talib.PLUS_DI(*prices, window),
        talib.MINUS_DI(*prices, window),
    )


def _stochastic_rsi(b: Any, rsi_window: int, window: int, smooth_k: int, smooth_d: int) -> Any:
    if smooth_k == 1:
        return talib.STOCHRSI(b.close, rsi_window, window, smooth_d, SIMPLE)
    rsi = talib.RSI(b.close, rsi_window)
    return talib.STOCH(rsi, rsi, rsi, window, smooth_k, SIMPLE, smooth_d, SIMPLE)


def _supertrend(b: Any, window: int, width: float) -> tuple[Any, ...]:
    line, direction = talib.SUPERTREND(b.high, b.low, b.close, window, width)
    return line, np.where(np.isnan(line), np.nan, direction)


def _kama(b: Any, window: int, **_fixed: int) -> Any:  # fast 2 and slow 30, in TA-Lib always
    return talib.KAMA(b.close, window)


def _macd(b: Any, fast: int, slow: int, signal: int) -> Any:
    return talib.MACD(b.close, fast, slow, signal)


TALIB: dict[str, Callable[..., Any]] = {
    "SMA": lambda b, window: talib.SMA(b.close, window),
    "EMA": lambda b, window: talib.EMA(b.close, window),
    "WMA": lambda b, window: talib.WMA(b.close, window),
    "DEMA": lambda b, window: talib.DEMA(b.close, window),
    "TEMA": lambda b, window: talib.TEMA(b.close, window),
    "HMA": lambda b, window: talib.HMA(b.close, window),
    "VWMA": lambda b, window: talib.VWMA(b.close, b.volume, window),
    "RSI": lambda b, window: talib.RSI(b.close, window),
    "STOCHASTIC": lambda b, window, smooth_k, smooth_d: talib.STOCH(
        b.high, b.low, b.close, window, smooth_k, SIMPLE, smooth_d, SIMPLE
    ),
    "STOCHASTIC_FAST": lambda b, window, smooth_d: talib.STOCHF(
        b.high, b.low, b.close, window, smooth_d, SIMPLE
    ),
    "STOCHASTIC_RSI": _stochastic_rsi,
    "MACD": _macd,
    "CCI": lambda b, window: talib.CCI(b.high, b.low, b.close, window),
    "WILLIAMS_R": lambda b, window: talib.WILLR(b.high, b.low, b.close, window),
    "ROC": lambda b, window: talib.ROC(b.close, window),
    "MOMENTUM": lambda b, window: talib.MOM(b.close, window),
    "TSI": lambda b, slow, fast: talib.TSI(b.close, slow, fast),
    "AWESOME_OSCILLATOR": lambda b, fast, slow: talib.AO(b.high, b.low, fast, slow),
    "ULTIMATE_OSCILLATOR": lambda b, fast, middle, slow: talib.ULTOSC(
        b.high, b.low, b.close, fast, middle, slow
    ),
    "BULL_BEAR_POWER": lambda b, window: talib.ERI(b.high, b.low, b.close, window),
    "BOLLINGER_BANDS": lambda b, window, width: talib.BBANDS(b.close, window, width, width, SIMPLE),
    "KELTNER_CHANNELS": lambda b, window, atr_window, width: talib.KC(
        b.high, b.low, b.close, window, atr_window, width
    ),
    "DONCHIAN_CHANNELS": lambda b, window: talib.DONCHIAN(b.high, b.low, window),
    "ATR": lambda b, window: talib.ATR(b.high, b.low, b.close, window),
    "NATR": lambda b, window: talib.NATR(b.high, b.low, b.close, window),
    "TRUE_RANGE": lambda b: talib.TRANGE(b.high, b.low, b.close),
    "STANDARD_DEVIATION": lambda b, window: talib.STDDEV(b.close, window),
    "ADX": _adx,
    "AROON": _aroon,
    "OBV": lambda b: talib.OBV(b.close, b.volume),
    "ACCUMULATION_DISTRIBUTION": lambda b: talib.AD(b.high, b.low, b.close, b.volume),
    "CHAIKIN_MONEY_FLOW": lambda b, window: talib.CMF(b.high, b.low, b.close, b.volume, window),
    "MFI": lambda b, window: talib.MFI(b.high, b.low, b.close, b.volume, window),
    "LINEAR_REGRESSION_SLOPE": lambda b, window: talib.LINEARREG_SLOPE(b.close, window),
    "KAMA": _kama,
    "PARABOLIC_SAR": lambda b, step, maximum: talib.SAR(b.high, b.low, step, maximum),
    "SUPERTREND": _supertrend,
}
