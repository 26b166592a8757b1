"""What is answered instead of data, as data: the members of every union that say what was wrong."""

import enum

import strawberry

from engine.errors import NotEnoughHistory as TooFewBars
from engine.types import Interval
from graphql_api.judgement import PricesWithheld as Withheld
from graphql_api.judgement import SymbolUnknown
from graphql_api.schema.context import Info
from graphql_api.schema.cost import Cost
from graphql_api.schema.scalars import Symbol
from market_data.sources.registry import TERMS

__all__ = ["ErrorCode", "NotEnoughHistory", "PricesWithheld", "UnknownSymbol", "UserError"]


@strawberry.enum(description="What was wrong with a question that was well formed.")
class ErrorCode(enum.Enum):
    """The codes of errors that are data."""

    UNKNOWN_SYMBOL = strawberry.enum_value(
        "UNKNOWN_SYMBOL", description="No bars are kept under that name."
    )
    NOT_ENOUGH_HISTORY = strawberry.enum_value(
        "NOT_ENOUGH_HISTORY", description="Fewer bars were known then than the question needs."
    )
    PRICES_WITHHELD = strawberry.enum_value(
        "PRICES_WITHHELD", description="The source's terms do not let its prices be passed on."
    )


@strawberry.interface(description="An answer that says why there is no other.")
class UserError:
    """An error as data."""

    message: str = strawberry.field(description="What was wrong, in a sentence.")
    code: ErrorCode = strawberry.field(description="The same, for programs.")


@strawberry.type(
    description="No bars are kept under the symbol that was asked for.",
    directives=[Cost(weight="0")],
)
class UnknownSymbol(UserError):
    """The symbol names nothing."""

    symbol: Symbol = strawberry.field(description="The symbol that was asked for.")

    @strawberry.field(description="Symbols that read like it.")
    def suggestions(self, info: Info) -> list[Symbol]:
        """Looked for only where they are asked for: all symbols must be listed for it."""
        return [Symbol(name) for name in info.context.judge.similar(self.symbol)]

    @classmethod
    def of(cls, error: SymbolUnknown) -> "UnknownSymbol":
        """Say what is not known, and what is."""
        return cls(
            message=f"No bars are kept for {error.symbol}; the query symbols lists what there is.",
            code=ErrorCode.UNKNOWN_SYMBOL,
            symbol=Symbol(error.symbol),
        )


@strawberry.type(
    description="Too few bars had closed, or were known, at the moment that was asked about.",
    directives=[Cost(weight="0")],
)
class NotEnoughHistory(UserError):
    """The history is too short to be judged."""

    symbol: Symbol = strawberry.field(description="The symbol that was asked for.")
    bars_needed: int = strawberry.field(description="Bars that the strategy needs.")
    bars_known: int = strawberry.field(description="Bars that there were.")

    @classmethod
    def of(
        cls, symbol: str, interval: Interval, what: str, error: TooFewBars
    ) -> "NotEnoughHistory":
        """Say how many bars are missing, and of which interval."""
        where = "" if error.known else "; symbols tells which intervals are kept, and since when"
        return cls(
            message=(
                f"{what} needs {error.needed} bars of {interval.value} and "
                f"{error.known} of {symbol} had closed and were known at that moment{where}."
            ),
            code=ErrorCode.NOT_ENOUGH_HISTORY,
            symbol=Symbol(symbol),
            bars_needed=error.needed,
            bars_known=error.known,
        )


@strawberry.type(
    description="The source of the bars does not let its prices be passed on; signals are told.",
    directives=[Cost(weight="0")],
)
class PricesWithheld(UserError):
    """Prices that are judged and not shown."""

    symbol: Symbol = strawberry.field(description="The symbol that was asked for.")
    source: str = strawberry.field(description="The source that withholds them.")
    terms_page: str = strawberry.field(description="Where its terms are published.")

    @classmethod
    def of(cls, error: Withheld) -> "PricesWithheld":
        """Say whose terms they are, and what is told all the same."""
        terms = TERMS[error.source]
        return cls(
            message=(
                f"The bars of {error.symbol} come from {terms.title}, whose prices may not be "
                "passed on; signal, explanation, signalHistory and backtest answer all the same."
            ),
            code=ErrorCode.PRICES_WITHHELD,
            symbol=Symbol(error.symbol),
            source=error.source,
            terms_page=terms.terms_page,
        )
