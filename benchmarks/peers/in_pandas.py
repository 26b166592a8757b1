"""The same indicators in pandas-ta-classic and ta, by name, from a DataFrame of bars.

Needs both libraries, which only `make bench` installs.
"""

from collections.abc import Callable
from typing import Any

import pandas_ta_classic as pta
from ta import momentum, trend, volatility, volume

__all__ = ["PANDAS_TA", "TA"]

OWN = {"talib": False}  # or pandas-ta-classic would call TA-Lib itself


def _stochastic(d: Any) -> tuple[Any, ...]:
    said = momentum.StochasticOscillator(d.high, d.low, d.close, 14, 3)
    return said.stoch(), said.stoch_signal()


def _stochastic_rsi(d: Any) -> tuple[Any, ...]:
    said = momentum.StochRSIIndicator(d.close, 14, 3, 3)
    return said.stochrsi_k(), said.stochrsi_d()


def _macd(d: Any) -> tuple[Any, ...]:
    said = trend.MACD(d.close, 26, 12, 9)
    return said.macd(), said.macd_signal(), said.macd_diff()


def _bollinger(d: Any) -> tuple[Any, ...]:
    said = volatility.BollingerBands(d.close, 20, 2)
    bands = said.bollinger_hband(), said.bollinger_mavg(), said.bollinger_lband()
    return *bands, said.bollinger_pband(), said.bollinger_wband()


def _keltner(d: Any) -> tuple[Any, ...]:
    said = volatility.KeltnerChannel(d.high, d.low, d.close, 20, 10, original_version=False)
    return said.keltner_channel_hband(), said.keltner_channel_lband()


def _donchian(d: Any) -> tuple[Any, ...]:
    said = volatility.DonchianChannel(d.high, d.low, d.close, 20)
    return said.donchian_channel_hband(), said.donchian_channel_lband()


def _adx(d: Any) -> tuple[Any, ...]:
    said = trend.ADXIndicator(d.high, d.low, d.close, 14)
    return said.adx(), said.adx_pos(), said.adx_neg()


def _aroon(d: Any) -> tuple[Any, ...]:
    said = trend.AroonIndicator(d.high, d.low, 25)
    return said.aroon_up(), said.aroon_down(), said.aroon_indicator()


PANDAS_TA: dict[str, Callable[[Any], Any]] = {
    "SMA": lambda d: pta.sma(d.close, 20, **OWN),
    "EMA": lambda d: pta.ema(d.close, 20, **OWN),
    "WMA": lambda d: pta.wma(d.close, 20, **OWN),
    "DEMA": lambda d: pta.dema(d.close, 20, **OWN),
    "TEMA": lambda d: pta.tema(d.close, 20, **OWN),
    "HMA": lambda d: pta.hma(d.close, 20),
    "VWMA": lambda d: pta.vwma(d.close, d.volume, 20),
    "RSI": lambda d: pta.rsi(d.close, 14, **OWN),
    "STOCHASTIC": lambda d: pta.stoch(d.high, d.low, d.close, 14, 3, 3),
    "STOCHASTIC_RSI": lambda d: pta.stochrsi(d.close, 14, 14, 3, 3),
    "MACD": lambda d: pta.macd(d.close, 12, 26, 9, **OWN),
    "CCI": lambda d: pta.cci(d.high, d.low, d.close, 20, **OWN),
    "WILLIAMS_R": lambda d: pta.willr(d.high, d.low, d.close, 14, **OWN),
    "ROC": lambda d: pta.roc(d.close, 10, **OWN),
    "MOMENTUM": lambda d: pta.mom(d.close, 10, **OWN),
    "TSI": lambda d: pta.tsi(d.close, 13, 25),
    "AWESOME_OSCILLATOR": lambda d: pta.ao(d.high, d.low, 5, 34),
    "ULTIMATE_OSCILLATOR": lambda d: pta.uo(d.high, d.low, d.close, 7, 14, 28, **OWN),
    "BULL_BEAR_POWER": lambda d: pta.eri(d.high, d.low, d.close, 13),
    "BOLLINGER_BANDS": lambda d: pta.bbands(d.close, 20, 2.0, **OWN),
    "KELTNER_CHANNELS": lambda d: pta.kc(d.high, d.low, d.close, 20, 2.0),
    "DONCHIAN_CHANNELS": lambda d: pta.donchian(d.high, d.low, 20, 20),
    "ATR": lambda d: pta.atr(d.high, d.low, d.close, 14, **OWN),
    "NATR": lambda d: pta.natr(d.high, d.low, d.close, 14, **OWN),
    "TRUE_RANGE": lambda d: pta.true_range(d.high, d.low, d.close, **OWN),
    "STANDARD_DEVIATION": lambda d: pta.stdev(d.close, 20, 0, **OWN),
    "Z_SCORE": lambda d: pta.zscore(d.close, 20),
    "ADX": lambda d: pta.adx(d.high, d.low, d.close, 14),
    "AROON": lambda d: pta.aroon(d.high, d.low, 25, **OWN),
    "ICHIMOKU": lambda d: pta.ichimoku(d.high, d.low, d.close, 9, 26, 52),
    "OBV": lambda d: pta.obv(d.close, d.volume, **OWN),
    "ACCUMULATION_DISTRIBUTION": lambda d: pta.ad(d.high, d.low, d.close, d.volume, **OWN),
    "CHAIKIN_MONEY_FLOW": lambda d: pta.cmf(d.high, d.low, d.close, d.volume, length=20),
    "MFI": lambda d: pta.mfi(d.high, d.low, d.close, d.volume, 14, **OWN),
    "DRAWDOWN": lambda d: pta.drawdown(d.close),
    "KAMA": lambda d: pta.kama(d.close, 10, 2, 30),
    "PARABOLIC_SAR": lambda d: pta.psar(d.high, d.low, None, 0.02, 0.02, 0.2),
    "SUPERTREND": lambda d: pta.supertrend(d.high, d.low, d.close, 10, 3.0),
}

TA: dict[str, Callable[[Any], Any]] = {
    "SMA": lambda d: trend.sma_indicator(d.close, 20),
    "EMA": lambda d: trend.ema_indicator(d.close, 20),
    "WMA": lambda d: trend.wma_indicator(d.close, 20),
    "RSI": lambda d: momentum.rsi(d.close, 14),
    "STOCHASTIC": _stochastic,
    "STOCHASTIC_RSI": _stochastic_rsi,
    "MACD": _macd,
    "CCI": lambda d: trend.cci(d.high, d.low, d.close, 20),
    "WILLIAMS_R": lambda d: momentum.williams_r(d.high, d.low, d.close, 14),
    "ROC": lambda d: momentum.roc(d.close, 10),
    "TSI": lambda d: momentum.tsi(d.close, 25, 13),
    "AWESOME_OSCILLATOR": lambda d: momentum.awesome_oscillator(d.high, d.low, 5, 34),
    "ULTIMATE_OSCILLATOR": lambda d: momentum.ultimate_oscillator(d.high, d.low, d.close),
    "BOLLINGER_BANDS": _bollinger,
    "KELTNER_CHANNELS": _keltner,
    "DONCHIAN_CHANNELS": _donchian,
    "ATR": lambda d: volatility.average_true_range(d.high, d.low, d.close, 14),
    "ADX": _adx,
    "AROON": _aroon,
    "OBV": lambda d: volume.on_balance_volume(d.close, d.volume),
    "ACCUMULATION_DISTRIBUTION": lambda d: volume.acc_dist_index(d.high, d.low, d.close, d.volume),
    "CHAIKIN_MONEY_FLOW": lambda d: volume.chaikin_money_flow(d.high, d.low, d.close, d.volume),
    "MFI": lambda d: volume.money_flow_index(d.high, d.low, d.close, d.volume, 14),
    "VWAP": lambda d: volume.volume_weighted_average_price(d.high, d.low, d.close, d.volume, 20),
    "KAMA": lambda d: momentum.kama(d.close, 10, 2, 30),
    "PARABOLIC_SAR": lambda d: trend.PSARIndicator(d.high, d.low, d.close).psar(),
}
