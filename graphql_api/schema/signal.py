"""The signal and its explanation: one decision's last bar, and its reasons at that bar."""

from collections.abc import Iterable
from typing import Annotated

import strawberry

import engine
from engine.explain import Contribution as EngineContribution
from engine.flip import FlipPrice as EngineFlipPrice
from graphql_api.errors import BadInput
from graphql_api.judgement import Judgement
from graphql_api.schema.catalogue import (
    FREE,
    Action,
    IndicatorName,
    Interval,
    Rating,
    Strategy,
    action,
    member,
    rating,
)
from graphql_api.schema.cost import Cost
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.provenance import Provenance
from graphql_api.schema.results import NotEnoughHistory, UnknownSymbol
from graphql_api.schema.scalars import DateTime, Symbol
from graphql_api.schema.track_record import TrackRecord

__all__ = ["Explanation", "ExplanationResult", "Signal", "SignalResult"]

HORIZONS = [1, 5, 20]
HORIZONS_MAXIMUM = 10


@strawberry.type(description="What one rule added to the score, and why.", directives=FREE)
class Contribution:
    """A rule's part in the score."""

    indicator: IndicatorName | None = strawberry.field(
        description="What the rule looks at; null for what is no indicator, as a held position."
    )
    label: str = strawberry.field(description="The rule's name: EMA(50).")
    group: str = strawberry.field(description="The family it votes in.")
    value: float | None = strawberry.field(
        description="The indicator's value at this bar; null while it is warming up, and where it "
        "is a price or a volume whose source does not let it be passed on."
    )
    vote: float = strawberry.field(description="What the rule says, from -1 to 1.")
    weight: float = strawberry.field(description="How much its vote counts at this bar.")
    contribution: float = strawberry.field(description="Weight times vote.")
    reason: str = strawberry.field(
        description="The same as a sentence, with its numbers; in percent of the close where "
        "prices may not be passed on."
    )

    @classmethod
    def of(cls, part: EngineContribution) -> "Contribution":
        """A contribution as the engine explains it."""
        return cls(
            indicator=None if part.indicator is None else member(IndicatorName, part.indicator),
            label=part.label,
            group=part.group,
            value=part.value,
            vote=part.vote,
            weight=part.weight,
            contribution=part.contribution,
            reason=part.reason,
        )


@strawberry.type(description="A close at which the action would be another.", directives=FREE)
class FlipPrice:
    """Where the action changes."""

    action: Action = strawberry.field(description="The action from that price on.")
    price: float | None = strawberry.field(
        description="The nearest close, on the tick grid, that changes it; null where its source "
        "does not let prices be passed on."
    )
    change_percent: float = strawberry.field(
        description="How far that is from the close, in percent; to two decimals where prices may "
        "not be passed on."
    )

    @classmethod
    def of(cls, flip: EngineFlipPrice, *, withheld: bool) -> "FlipPrice":
        """A flip price as the engine found it, or how far away it is."""
        return cls(
            action=action(flip.action),
            price=None if withheld else flip.price,
            # Exactly, and both on the tick grid, it would give the close away.
            change_percent=round(flip.change_percent, 2) if withheld else flip.change_percent,
        )


@strawberry.type(
    description="What a strategy says of a symbol, judged at its last closed bar.",
    directives=FREE,
)
class Signal(Node):
    """A decision at one of its bars."""

    judgement: strawberry.Private[Judgement]
    symbol: Symbol = strawberry.field(description="The instrument that was judged.")
    interval: Interval = strawberry.field(description="The interval of its bars.")
    strategy: Strategy = strawberry.field(description="The strategy that judged.")
    action: Action = strawberry.field(
        description="BUY, HOLD or SELL: from the score, by the strategy's published thresholds."
    )
    rating: Rating = strawberry.field(description="The same in five steps.")
    score: float = strawberry.field(description="From -1, sell, to 1, buy.")
    bar_time: DateTime = strawberry.field(description="When the bar that was judged opened.")
    close: float | None = strawberry.field(
        description="Its closing price, adjusted for splits; null where its source does not let "
        "prices be passed on."
    )

    @strawberry.field(description="What this answer was made of.", directives=FREE)
    def provenance(self) -> Provenance:
        """The bars up to this one."""
        return Provenance.of(self.judgement.snapshot_then(), self.judgement.decision.hash)

    @strawberry.field(
        description="Why: the parts of the score, and where it would change.",
        directives=[Cost(weight="1")],
    )
    def explanation(self) -> "Explanation":
        """The reasons at the same bar of the same decision."""
        return Explanation.of(self.judgement)

    @strawberry.field(
        description="What followed when this strategy last said the same, past bars only.",
        directives=[Cost(weight="2")],
    )
    def track_record(
        self,
        horizons: Annotated[
            list[int] | None,
            strawberry.argument(description=f"Bars ahead, 1 to 500; at most {HORIZONS_MAXIMUM}."),
        ] = HORIZONS,
    ) -> list[TrackRecord]:
        """The record of this bar's action."""
        wanted = HORIZONS if horizons is None else horizons
        if len(wanted) > HORIZONS_MAXIMUM:
            raise BadInput(f"horizons holds {len(wanted)}; it may hold {HORIZONS_MAXIMUM}.")
        found = engine.track_record(
            self.judgement.decision, bar=self.judgement.bar, horizons=wanted
        )
        return [TrackRecord.of(one) for one in found]

    @classmethod
    def of(cls, judgement: Judgement, strategy: Strategy | None = None) -> "Signal":
        """The bar of a judgement that is read; its strategy, where that is made already."""
        question, decision, snapshot = judgement.question, judgement.decision, judgement.snapshot
        bar, bar_time = judgement.bar, judgement.bar_time
        return cls(
            id=global_id(
                "Signal",
                question.symbol,
                question.interval.value,
                question.strategy,
                dict(question.parameters),
                bar_time,
                snapshot.as_of,
            ),
            judgement=judgement,
            symbol=Symbol(question.symbol),
            interval=member(Interval, question.interval.name),
            strategy=strategy or Strategy.of(decision),
            action=action(int(decision.action[bar])),
            rating=rating(int(decision.rating[bar])),
            score=float(decision.score[bar]),
            bar_time=DateTime(bar_time),
            close=None if judgement.withheld else float(snapshot.bars.close[bar]),
        )


@strawberry.type(description="Why a signal is what it is, in parts that add up.", directives=FREE)
class Explanation:
    """A decision's reasons at its last bar."""

    judgement: strawberry.Private[Judgement]
    summary: str = strawberry.field(description="The signal and its main reasons in a sentence.")
    baseline: float = strawberry.field(description="The score of a market that says nothing.")
    contributions: list[Contribution] = strawberry.field(
        description="What each rule added; with the baseline they sum to the score."
    )

    @strawberry.field(description="The signal that is explained.", directives=[Cost(weight="0")])
    def signal(self) -> Signal:
        """The signal of the same judgement."""
        return Signal.of(self.judgement)

    @strawberry.field(
        description="The nearest closes of this bar, down and up, at which the action would have "
        "been another; absent where there is none within 25 %.",
        directives=[Cost(weight="1")],
    )
    def flips(self) -> list[FlipPrice]:
        """The flip prices of the bar that was judged."""
        return _flips(self.judgement.flips(), self.judgement)

    @strawberry.field(
        description="The same for the close of the bar to come: what to watch for.",
        directives=[Cost(weight="1")],
    )
    def next_flips(self) -> list[FlipPrice]:
        """The flip prices of the next bar."""
        return _flips(self.judgement.next_flips(), self.judgement)

    @classmethod
    def of(cls, judgement: Judgement) -> "Explanation":
        """The reasons of a judgement."""
        explained = judgement.explanation()
        return cls(
            judgement=judgement,
            summary=explained.summary,
            baseline=explained.baseline,
            contributions=[Contribution.of(part) for part in explained.contributions],
        )


def _flips(found: Iterable[EngineFlipPrice | None], judgement: Judgement) -> list[FlipPrice]:
    return [FlipPrice.of(one, withheld=judgement.withheld) for one in found if one is not None]


SignalResult = Annotated[
    Signal | UnknownSymbol | NotEnoughHistory,
    strawberry.union("SignalResult", description="A signal, or why there is none."),
]

ExplanationResult = Annotated[
    Explanation | UnknownSymbol | NotEnoughHistory,
    strawberry.union("ExplanationResult", description="An explanation, or why there is none."),
]
