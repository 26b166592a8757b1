// A client by relay-compiler: a connection that is paged, and an object fetched again by its id.
import {
  Environment,
  type FetchFunction,
  Network,
  RecordSource,
  Store,
  commitMutation,
  fetchQuery,
  graphql,
} from "relay-runtime";
import HistoryPage, {
  type mainHistoryPageQuery,
} from "./__generated__/mainHistoryPageQuery.graphql";
import type { mainCreateKeyMutation } from "./__generated__/mainCreateKeyMutation.graphql";
import type { mainAgainQuery } from "./__generated__/mainAgainQuery.graphql";
import type { mainHistoryQuery } from "./__generated__/mainHistoryQuery.graphql";
import type { mainRevokeKeyMutation } from "./__generated__/mainRevokeKeyMutation.graphql";
import type { mainSignalQuery } from "./__generated__/mainSignalQuery.graphql";
import type { mainSymbolsQuery } from "./__generated__/mainSymbolsQuery.graphql";

const url = process.env["API_URL"] ?? "http://127.0.0.1:8000/graphql";
const key = process.env["API_KEY"] ?? "";

const ask: FetchFunction = async ({ text, name }, variables) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ query: text, operationName: name, variables }),
  });
  return response.json();
};

const environment = new Environment({
  network: Network.create(ask),
  store: new Store(new RecordSource()),
});

// A connection below a union, which Relay pages by fetching its object again.
graphql`
  fragment main_history on SignalHistory
  @argumentDefinitions(first: { type: "Int", defaultValue: 3 }, after: { type: "String" })
  @refetchable(queryName: "mainHistoryPageQuery") {
    signals(first: $first, after: $after) @connection(key: "main_signals") {
      edges {
        node {
          action
        }
      }
      pageInfo {
        endCursor
      }
    }
  }
`;

function signalsKnown(): number {
  const source = environment.getStore().getSource();
  return source.getRecordIDs().filter((id) => source.get(id)?.["__typename"] === "Signal").length;
}

async function pageHistory(symbol: string): Promise<void> {
  const begun = await fetchQuery<mainHistoryQuery>(
    environment,
    graphql`
      query mainHistoryQuery($symbol: Symbol!) {
        signalHistory(symbol: $symbol) {
          __typename
          ... on SignalHistory {
            id
            ...main_history @alias(as: "page")
          }
        }
      }
    `,
    { symbol },
  ).toPromise();
  if (begun?.signalHistory.__typename !== "SignalHistory" || signalsKnown() !== 3) {
    throw new Error("no history");
  }
  const id = begun.signalHistory.id;
  const more = { id, first: 5 };
  await fetchQuery<mainHistoryPageQuery>(environment, HistoryPage, more).toPromise();
  if (signalsKnown() !== 5) {
    throw new Error(`${signalsKnown()} signals are known, not 5`);
  }
}

function createKey(label: string): Promise<mainCreateKeyMutation["response"]> {
  return new Promise((onCompleted, onError) => {
    commitMutation<mainCreateKeyMutation>(environment, {
      mutation: graphql`
        mutation mainCreateKeyMutation($label: String!) {
          createApiKey(input: { label: $label }) {
            secret
            key {
              id
              revokedAt
            }
          }
        }
      `,
      variables: { label },
      onCompleted,
      onError,
    });
  });
}

function revokeKey(id: string): Promise<mainRevokeKeyMutation["response"]> {
  return new Promise((onCompleted, onError) => {
    commitMutation<mainRevokeKeyMutation>(environment, {
      mutation: graphql`
        mutation mainRevokeKeyMutation($id: ID!) {
          revokeApiKey(input: { id: $id }) {
            key {
              id
              revokedAt
            }
          }
        }
      `,
      variables: { id },
      onCompleted,
      onError,
    });
  });
}

// What a mutation answers is put into the store under the object's id: who shows the key sees it.
async function rotateKeys(): Promise<void> {
  const { createApiKey: made } = await createKey("relay");
  const id = made?.key.id ?? "";
  const shown = () => environment.getStore().getSource().get(id)?.["revokedAt"];
  if (!made?.secret || shown() !== null) {
    throw new Error("a key is made with its secret");
  }
  const { revokeApiKey: stopped } = await revokeKey(id);
  if (!stopped?.key.revokedAt || shown() !== stopped.key.revokedAt) {
    throw new Error("a key that is revoked is shown so");
  }
}

async function main(): Promise<void> {
  const page = await fetchQuery<mainSymbolsQuery>(
    environment,
    graphql`
      query mainSymbolsQuery($first: Int!, $after: String) {
        symbols(first: $first, after: $after) @connection(key: "main_symbols") {
          edges {
            node {
              symbol
            }
          }
        }
      }
    `,
    { first: 2 },
  ).toPromise();
  const symbols = page?.symbols.edges.map((edge) => edge.node.symbol) ?? [];
  await pageHistory(symbols[0] ?? "");

  const asked = await fetchQuery<mainSignalQuery>(
    environment,
    graphql`
      query mainSignalQuery($symbol: Symbol!) {
        signal(symbol: $symbol) {
          __typename
          ... on Signal {
            id
            action
            score
          }
        }
      }
    `,
    { symbol: symbols[0] ?? "" },
  ).toPromise();
  if (asked?.signal.__typename !== "Signal") {
    throw new Error("no signal");
  }
  const { id, action, score } = asked.signal;

  const again = await fetchQuery<mainAgainQuery>(
    environment,
    graphql`
      query mainAgainQuery($id: ID!) {
        node(id: $id) {
          __typename
          ... on Signal {
            id
            action
            score
          }
        }
      }
    `,
    { id },
  ).toPromise();
  if (again?.node?.__typename !== "Signal" || again.node.score !== score) {
    throw new Error("a signal is another one by its id");
  }
  await rotateKeys();
  console.log(`${symbols.join(", ")}: ${action} ${score.toFixed(2)}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
