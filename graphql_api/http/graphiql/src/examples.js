// The worked examples that a first visit opens, one tab each, named by their operation.

const signal = `# A signal is the decision at the last closed bar. Press the pink button, or Ctrl-Enter.
# Not every question has a signal: the answer then is a UserError, which says why.
query Signal {
  signal(symbol: "AAPL", strategy: { preset: { name: MOVING_AVERAGE_CROSS } }) {
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
    ... on UserError {
      message
      code
    }
  }
}
`;

const explanation = `# Why this signal? The baseline and the contributions add up to the score, exactly.
# flips: the nearest closes at which the action would have been another one;
# nextFlips: the same for the bar to come. The symbol stands in Variables, below.
query Explanation($symbol: Symbol!) {
  explanation(symbol: $symbol, strategy: { preset: { name: PRICE_AND_RSI } }) {
    ... on Explanation {
      summary
      signal {
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

const usage = `# Who am I, what have I used today, and how fast may I ask? This costs nothing.
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

const catalogue = `# What can be asked: the strategies, the indicators they are made of, and their parameters.
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
