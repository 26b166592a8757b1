// A client by relay-compiler: a connection that is paged, and an object fetched again by its id.
import {
  Environment,
  type FetchFunction,
  Network,
  RecordSource,
  Store,
  fetchQuery,
  graphql,
} from "relay-runtime";
import type { mainAgainQuery } from "./__generated__/mainAgainQuery.graphql";
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
  console.log(`${symbols.join(", ")}: ${action} ${score.toFixed(2)}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
