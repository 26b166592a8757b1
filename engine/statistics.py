"""Statistics of estimates: how sure one can be of a share, of a mean and of a Sharpe ratio."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from engine.parameters import Parameter

__all__ = [
    "CONFIDENCE",
    "TRIALS",
    "Estimate",
    "deflated_sharpe",
    "expected_maximum_sharpe",
    "probabilistic_sharpe",
    "student_quantile",
    "wilson",
]

CONFIDENCE = 0.95
EULER_MASCHERONI = 0.5772156649015329
TRIALS = Parameter(
    name="trials",
    default=1,
    minimum=1,
    maximum=1_000_000,
    description="How many strategies or parameters were tried before this one was chosen.",
    integer=True,
)
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number read off a sample, and the interval that holds the truth.

    Parameters
    ----------
    value : float or None
        In the unit of what is estimated; None where nothing was observed.
    low, high : float or None
        Ends of the interval, in the same unit; None where too little was observed.
    confidence : float on (0, 1)
        In which share of samples such an interval holds the truth.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float = CONFIDENCE


def wilson(share: float, count: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share, as low and high.

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Parameters
    ----------
    share : float on [0, 1]
        p, the share that was observed.
    count : float
        n, the number of independent observations; no whole number where they overlap. Above 0.
    confidence : float
        Two-sided.

    References
    ----------
    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of
    the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> low, high = wilson(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    z = _NORMAL.inv_cdf(0.5 + confidence / 2)
    tilt = z * z / count
    middle = share + tilt / 2
    reach = math.sqrt(tilt * (share * (1.0 - share) + tilt / 4))
    # At the very ends the two terms are equal, and rounding must not carry them past the other.
    low = 0.0 if share <= 0.0 else max((middle - reach) / (1.0 + tilt), 0.0)
    high = 1.0 if share >= 1.0 else min((middle + reach) / (1.0 + tilt), 1.0)
    return low, high


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t distribution, by its expansion about the normal one.

    Parameters
    ----------
    probability : float
        Between 0 and 1.
    freedom : float
        Degrees of freedom, at least 3 and no whole number of need.

    Returns
    -------
    float
        Within 1e-3 at 95 % from 5 degrees of freedom on, within 1e-5 from 20 on.

    References
    ----------
    M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.5.

    Examples
    --------
    >>> round(student_quantile(0.975, 9), 3), round(student_quantile(0.975, 1e9), 3)
    (2.262, 1.96)
    """
    z = _NORMAL.inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def probabilistic_sharpe(
    sharpe: float,
    observations: int,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    benchmark: float = 0.0,
) -> float | None:
    """Probability that the true Sharpe ratio lies above a benchmark.

        PSR = N((SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2))

    with N the standard normal distribution function.

    Parameters
    ----------
    sharpe : float, per bar
        SR, as observed: mean over standard deviation of the returns, not annualised.
    observations : int
        T, the number of returns.
    skewness, kurtosis : float
        g3 and g4 of the returns, those of a normal distribution if not given (g4 = 3: not excess).
    benchmark : float, per bar
        SR*, what is to be beaten.

    Returns
    -------
    float on [0, 1], or None
        None below two observations, and where the sample's moments leave no positive variance.

    References
    ----------
    D. H. Bailey, M. Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15:2
    (2012), 3-44.

    Examples
    --------
    Two years of a hedge fund's months, the paper's example: above 0 with less than 95 %.

    >>> round(probabilistic_sharpe(0.458, 24, skewness=-2.448, kurtosis=10.164), 3)
    0.913
    """
    variance = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if observations < 2 or not variance > 0.0:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt((observations - 1) / variance))


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """The best Sharpe ratio to be expected of so many strategies that are all worth nothing.

        SR0 = sqrt(V) ((1 - g) Z(1 - 1 / N) + g Z(1 - 1 / (N e)))

    with Z the standard normal quantile, g Euler's constant and e its number.

    Parameters
    ----------
    trials : int
        N, how many independent strategies were tried.
    variance : float
        V, the variance of their Sharpe ratios, per bar.

    Returns
    -------
    float, per bar
        0 for a single trial, which chose nothing.

    References
    ----------
    D. H. Bailey, M. Lopez de Prado, The Deflated Sharpe Ratio: Correcting for Selection Bias,
    Backtest Overfitting and Non-Normality, Journal of Portfolio Management 40:5 (2014), 94-107.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100, 1 / (2 * 250)), 4)
    0.1132
    """
    if trials < 2:
        return 0.0
    best = (1.0 - EULER_MASCHERONI) * _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    best += EULER_MASCHERONI * _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * best


def deflated_sharpe(
    sharpe: float,
    observations: int,
    trials: int,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    variance: float | None = None,
) -> float | None:
    """Probability that the true Sharpe ratio lies above what luck alone gives the best of N trials.

        DSR = PSR with SR* = SR0 = expected_maximum_sharpe(N, V)

    Parameters
    ----------
    sharpe, observations, skewness, kurtosis
        As for ``probabilistic_sharpe``, of the strategy that was chosen.
    trials : int, 1 to 1,000,000
        N, how many independent strategies or parameters were tried.
    variance : float, optional
        V, the variance of the Sharpe ratios of all trials, per bar. Where it is not known it is
        taken as 1 / (T - 1), that of the estimate itself when no trial has any merit.

    Returns
    -------
    float on [0, 1], or None
        None where ``probabilistic_sharpe`` has none. With one trial it is the same.

    Raises
    ------
    BadParameter
        When trials are out of their range.

    References
    ----------
    D. H. Bailey, M. Lopez de Prado, The Deflated Sharpe Ratio: Correcting for Selection Bias,
    Backtest Overfitting and Non-Normality, Journal of Portfolio Management 40:5 (2014), 94-107.

    Examples
    --------
    Five years of days, the paper's example: 2.5 a year, the best of 100 whose ratios vary by 1/2.

    >>> round(deflated_sharpe(2.5 / 250**0.5, 1250, 100, -3.0, 10.0, variance=0.5 / 250), 4)
    0.9004
    """
    count = int(TRIALS.checked(trials, "deflated Sharpe ratio"))
    if observations < 2:
        return None
    spread = 1.0 / (observations - 1) if variance is None else variance
    luck = expected_maximum_sharpe(count, spread)
    return probabilistic_sharpe(sharpe, observations, skewness, kurtosis, luck)
