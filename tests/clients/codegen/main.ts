// A client by graphql-codegen's client preset: `graphql()` gives each document its types.
import { graphql } from "../generated/codegen/gql.js";
import type { TypedDocumentString } from "../generated/codegen/graphql.js";

const SIGNAL = graphql(`
  query Signal($symbol: Symbol!, $asOf: DateTime) {
    signal(symbol: $symbol, strategy: { preset: { name: PRICE_AND_RSI } }, asOf: $asOf) {
      __typename
      ... on Signal {
        action
        score
        barTime
        provenance {
          final
        }
      }
      ... on UnknownSymbol {
        suggestions
      }
      ... on UserError {
        message
      }
    }
  }
`);

const CREATE_KEY = graphql(`
  mutation CreateKey($label: String!) {
    createApiKey(input: { label: $label }) {
      secret
      key {
        id
        scopes
      }
    }
  }
`);

const REVOKE_KEY = graphql(`
  mutation RevokeKey($id: ID!) {
    revokeApiKey(input: { id: $id }) {
      key {
        revokedAt
      }
      wasCallersKey
    }
  }
`);

const url = process.env["API_URL"] ?? "http://127.0.0.1:8000/graphql";
const key = process.env["API_KEY"] ?? "";

interface Answer<Data> {
  data?: Data;
  errors?: { message: string }[];
}

const headers = { accept: "application/graphql-response+json", "x-api-key": key };

// Asks by the name that codegen gives each document; persisted-documents.json holds their texts, and
// `intellpulse documents register` tells them to the server.
async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const asked = new URL(url);
  asked.searchParams.set("documentId", String(document.__meta__?.["hash"]));
  asked.searchParams.set("variables", JSON.stringify(variables));
  return dataOf(await fetch(asked, { headers }));
}

// A mutation goes by POST, by its name as well.
async function tell<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const body = JSON.stringify({ documentId: document.__meta__?.["hash"], variables });
  const told = { ...headers, "content-type": "application/json" };
  return dataOf(await fetch(url, { method: "POST", headers: told, body }));
}

async function dataOf<Data>(response: Response): Promise<Data> {
  const answer = (await response.json()) as Answer<Data>;
  if (!answer.data) {
    throw new Error(answer.errors?.map((error) => error.message).join("; "));
  }
  return answer.data;
}

async function main(): Promise<void> {
  const { signal } = await ask(SIGNAL, { symbol: "AAPL", asOf: null });
  if (signal.__typename !== "Signal") {
    throw new Error(signal.message);
  }
  const action: "BUY" | "HOLD" | "SELL" = signal.action;
  const score: number = signal.score;
  console.log(`${action} ${score.toFixed(2)} at ${signal.barTime}`);

  const { signal: none } = await ask(SIGNAL, { symbol: "AAPLE", asOf: null });
  if (none.__typename !== "UnknownSymbol" || !none.suggestions.includes("AAPL")) {
    throw new Error("an unknown symbol is answered with suggestions");
  }

  const { createApiKey: made } = await tell(CREATE_KEY, { label: "codegen" });
  if (!made?.secret || made.key.scopes.join() !== "SIGNALS_READ") {
    throw new Error("a key is made with its secret");
  }
  const { revokeApiKey: stopped } = await tell(REVOKE_KEY, { id: made.key.id });
  if (!stopped?.key.revokedAt || stopped.wasCallersKey) {
    throw new Error("a key is revoked by its id");
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
