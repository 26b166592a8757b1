"""What a trade costs, as it is given to a backtest."""

import strawberry

from graphql_api.errors import BadInput

__all__ = ["CostsInput"]


@strawberry.input(description="What each leg of a trade costs, in hundredths of a percent.")
class CostsInput:
    """Costs in basis points; a turn from long to short is two legs."""

    fee_bps: float | None = strawberry.field(
        description="Fees of a leg, 0 to 1000 basis points.", default=10.0
    )
    slippage_bps: float | None = strawberry.field(
        description="How much worse than the open a leg is filled, likewise.", default=5.0
    )

    def charged(self) -> tuple[float, float]:
        """Fees and slippage of a leg.

        Raises
        ------
        BadInput
            When one is out of its range.
        """
        fee = 10.0 if self.fee_bps is None else self.fee_bps
        slippage = 5.0 if self.slippage_bps is None else self.slippage_bps
        for name, value in (("feeBps", fee), ("slippageBps", slippage)):
            if not 0.0 <= value <= 1000.0:
                raise BadInput(f"{name} is {value:g}; a leg costs 0 to 1000 basis points.")
        return fee, slippage
