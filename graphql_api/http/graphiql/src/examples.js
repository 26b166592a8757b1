// The worked examples that a first visit opens, one tab each, named by their operation.

const signal = `# What a strategy says of the last closed bar.
# Press the pink button, or Ctrl-Enter.
query Signal {
  signal(
    symbol: "AAPL"
    strategy: {
      preset: { name: MOVING_AVERAGE_CROSS }
    }
  ) {
    ... on Signal {
      symbol
      action
      rating
      score
      barTime
      close
      strategy {
        title
      }
      provenance {
        resolvedAsOf
        dataVersion
        engineVersion
      }
    }
    # no signal: the reason why
    ... on UserError {
      message
      code
    }
  }
}
`;

const explanation = `# Why? The baseline and the contributions add up
# to the score. The flips say at which close the
# action changes: of this bar, and of the next.
# The symbol stands under Variables, below.
query Explanation($symbol: Symbol!) {
  explanation(
    symbol: $symbol
    strategy: {
      preset: { name: PRICE_AND_RSI }
    }
  ) {
    ... on Explanation {
      summary
      signal {
        symbol
        action
        score
        close
        barTime
      }
      baseline
      contributions {
        label
        value
        vote
        weight
        contribution
        reason
      }
      flips {
        action
        price
        changePercent
      }
      nextFlips {
        action
        price
        changePercent
      }
    }
    ... on UserError {
      message
      code
    }
  }
}
`;

const history = `# What would it have said? Each bar is judged without
# knowing the bars after it; here where it changed.
# Older ones: add before: with the startCursor.
query History($symbol: Symbol!) {
  signalHistory(
    symbol: $symbol
    strategy: {
      preset: { name: MOVING_AVERAGE_CROSS }
    }
  ) {
    ... on SignalHistory {
      signals(changesOnly: true, last: 20) {
        totalCount
        nodes {
          barTime
          action
          score
          close
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
      }
    }
    ... on UserError {
      message
      code
    }
  }
}
`;

const backtest = `# What would following it have come to, beside
# buying and holding? Decided at the close, filled at
# the next open, costs paid, and audited.
query Backtest($symbol: Symbol!) {
  backtest(
    symbol: $symbol
    strategy: { preset: { name: BREAKOUT } }
    costs: { feeBps: 10, slippageBps: 5 }
  ) {
    ... on Backtest {
      from
      to
      totalReturn
      annualizedReturn
      sharpe
      maxDrawdown
      winRate {
        value
        low
        high
      }
      buyAndHold {
        totalReturn
        annualizedReturn
        sharpe
        maxDrawdown
      }
      lookAheadAudit {
        passed
        histories
      }
      trades(last: 5) {
        totalCount
        nodes {
          side
          entryTime
          exitTime
          netReturn
          open
        }
      }
    }
    ... on UserError {
      message
      code
    }
  }
}
`;

const usage = `# Who am I, what have I used today, and how fast
# may I ask? Asking this costs nothing.
query Usage {
  viewer {
    account {
      name
      plan
    }
    key {
      label
      lastFour
    }
  }
  usage {
    date
    unitsUsed
    unitsLimit
    unitsRemaining
    requests
    resetsAt
  }
  rateLimit {
    perSecond
    burst
    available
    resetsAt
  }
}
`;

const catalogue = `# What can be asked: strategies, indicators, and
# the ranges of their parameters.
query Catalogue {
  strategies {
    name
    title
    description
    parameters {
      name
      default
      minimum
      maximum
    }
    thresholds {
      rating
      above
    }
  }
  indicators {
    name
    title
    outputs
    lookback
  }
}
`;

export const examples = [
  { query: signal },
  { query: explanation, variables: '{\n  "symbol": "MSFT"\n}' },
  { query: history, variables: '{\n  "symbol": "IBM"\n}' },
  { query: backtest, variables: '{\n  "symbol": "AAPL"\n}' },
  { query: usage },
  { query: catalogue },
];
