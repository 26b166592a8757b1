// GraphiQL's way to the API: one POST to our own origin, the key in a header.

import { parse } from "graphql";

const ENDPOINT = "/graphql";

export const NO_KEY = "Enter your API key at the top of this page first.";

/** The operation asked for, unless the document holds it no more: names lag behind a changed tab. */
function presentName(operationName, query) {
  try {
    const names = parse(query).definitions.map((definition) => definition.name?.value);
    return names.includes(operationName) ? operationName : undefined;
  } catch {
    return operationName;
  }
}

const refusal = (message) => ({ errors: [{ message }] });

/**
 * A fetcher for one key. What stands in the headers editor goes along and has the last word.
 *
 * `report` hears of each answer: {status, milliseconds, rateLimit, cost, introspection, message}.
 */
export function createFetcher(key, report) {
  return async function fetcher({ query, variables, operationName }, { headers } = {}) {
    if (!key && !headers) return refusal(NO_KEY);
    const introspection = operationName === "IntrospectionQuery";
    const started = performance.now();
    let response;
    try {
      response = await fetch(ENDPOINT, {
        method: "POST",
        credentials: "omit",
        headers: {
          accept: "application/graphql-response+json, application/json;q=0.9",
          "content-type": "application/json",
          ...(key && { "x-api-key": key }),
          ...headers,
        },
        body: JSON.stringify({ query, variables, operationName: presentName(operationName, query) }),
      });
    } catch {
      const message = "The API cannot be reached. Is it still running?";
      report({ status: null, introspection, message });
      return refusal(message);
    }
    const answer = await response.json().catch(() => refusal(`HTTP ${response.status}, without a GraphQL answer.`));
    report({
      status: response.status,
      milliseconds: Math.round(performance.now() - started),
      rateLimit: response.headers.get("ratelimit"),
      cost: answer.extensions?.cost?.actualQueryCost ?? answer.extensions?.cost?.requestedQueryCost,
      introspection,
      message: answer.errors?.[0]?.message,
    });
    return answer;
  };
}
