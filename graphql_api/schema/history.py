"""The signals of a strategy bar by bar: the same decision, read at each of its bars."""

from typing import Annotated, Final

import numpy as np
import strawberry

from engine.types import Int64
from graphql_api.judgement import Judgement
from graphql_api.schema.catalogue import FREE, Strategy
from graphql_api.schema.connection import (
    PAGED,
    After,
    Before,
    First,
    Last,
    PageInfo,
    Paging,
    page,
)
from graphql_api.schema.cost import Cost
from graphql_api.schema.cursors import of_times
from graphql_api.schema.node import Node, global_id
from graphql_api.schema.provenance import Provenance
from graphql_api.schema.results import NotEnoughHistory, UnknownSymbol
from graphql_api.schema.signal import Signal

__all__ = ["MAXIMUM", "SignalHistory", "SignalHistoryResult"]

MAXIMUM = 1_000
"""The most signals on a page."""

SIGNALS: Final = of_times("signals")


@strawberry.type(description="One signal of a page.", directives=FREE)
class SignalEdge:
    """A signal and its place."""

    node: Signal = strawberry.field(description="The signal.")
    cursor: str = strawberry.field(description="Its place: its bar's time, whatever bars follow.")


@strawberry.type(description="A page of signals, oldest first.", directives=FREE)
class SignalConnection:
    """Signals by bar time."""

    edges: list[SignalEdge] = strawberry.field(description="The signals with their places.")
    nodes: list[Signal] = strawberry.field(description="The same without their places.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are on all pages.")


@strawberry.type(description="What a strategy said, bar by bar.", directives=FREE)
class SignalHistory(Node):
    """A decision at all its bars."""

    judgement: strawberry.Private[Judgement]
    start: strawberry.Private[int | None]
    end: strawberry.Private[int | None]

    @strawberry.field(
        description="The signals, oldest first.",
        directives=[Cost(weight="1"), PAGED],
    )
    def signals(
        self,
        changes_only: Annotated[
            bool | None,
            strawberry.argument(description="Only bars whose action differs from the bar before."),
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SignalConnection:
        """A page of the decision's bars."""
        bars = self._judged(bool(changes_only))
        times = self.judgement.snapshot.bars.time[bars]
        part = page(times, Paging(first, after, last, before), SIGNALS, MAXIMUM)
        strategy = Strategy.of(self.judgement.decision)
        edges = [
            SignalEdge(
                node=Signal.of(self.judgement.at(int(bar)), strategy),
                cursor=SIGNALS.cursor(int(self.judgement.snapshot.bars.time[bar])),
            )
            for bar in bars[part.start : part.stop]
        ]
        return SignalConnection(**part.shown(edges))

    @strawberry.field(description="What this answer was made of.", directives=FREE)
    def provenance(self) -> Provenance:
        """All bars that were judged."""
        return Provenance.of(self.judgement.snapshot, self.judgement.decision.hash)

    @classmethod
    def of(cls, judgement: Judgement, start: int | None, end: int | None) -> "SignalHistory":
        """A judgement at those of its bars that opened between two moments."""
        question = judgement.question
        return cls(
            id=global_id(
                "SignalHistory",
                question.symbol,
                question.interval.value,
                question.strategy,
                dict(question.parameters),
                start,
                end,
                judgement.snapshot.as_of,
            ),
            judgement=judgement,
            start=start,
            end=end,
        )

    def _judged(self, changes_only: bool) -> Int64:
        """The indices of the bars that are told of."""
        decision, time = self.judgement.decision, self.judgement.snapshot.bars.time
        told = np.ones(len(time), dtype=bool)
        if changes_only:
            told[1:] = decision.action[1:] != decision.action[:-1]
        told[: decision.first] = False
        told[decision.first] = True
        if self.start is not None:
            told &= time >= self.start
        if self.end is not None:
            told &= time <= self.end
        return np.flatnonzero(told)


SignalHistoryResult = Annotated[
    SignalHistory | UnknownSymbol | NotEnoughHistory,
    strawberry.union("SignalHistoryResult", description="A history, or why there is none."),
]
