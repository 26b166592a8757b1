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
  { query: usage },
  { query: catalogue },
];
