// GraphiQL with a place for the key above it and a line about the last answer below it.
import { GraphiQL } from "graphiql";
import { useCallback, useMemo, useState } from "react";

import { examples } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { KeyBar } from "./key-bar.jsx";
import { keepKey, recallKey } from "./key.js";

/** Status, time, cost and rate of the last answer, as far as it said them. */
function LastAnswer({ status, milliseconds, cost, rateLimit }) {
  const parts = [
    `HTTP ${status}`,
    `${milliseconds} ms`,
    cost !== undefined && `${cost} ${cost === 1 ? "unit" : "units"}`,
    rateLimit && `RateLimit: ${rateLimit}`,
  ];
  return <div className="last-answer">{parts.filter(Boolean).join("  ·  ")}</div>;
}

export function App() {
  const [key, setKey] = useState(recallKey);
  const [verdict, setVerdict] = useState(null);
  const [last, setLast] = useState(null);

  const useKey = useCallback((next) => {
    keepKey(next);
    setVerdict(null);
    setLast(null);
    setKey(next);
  }, []);

  // A new key makes a new fetcher, and GraphiQL asks a new fetcher for the schema.
  const fetcher = useMemo(() => {
    let superseded = false;
    const report = (answer) => {
      if (superseded) return;
      const { status, introspection, message } = answer;
      // The schema's coming is the proof of a key; afterwards only a 401 speaks against it.
      if (introspection) setVerdict(message ? { ok: false, message } : { ok: true });
      else if (status === 401) setVerdict({ ok: false, message });
      if (!introspection && status !== null) setLast(answer);
    };
    return Object.assign(createFetcher(key, report), { supersede: () => (superseded = true) });
  }, [key]);

  const changeKey = (next) => {
    if (next === key && verdict?.ok) return;
    fetcher.supersede();
    useKey(next);
  };

  return (
    <div className="page">
      <KeyBar apiKey={key} verdict={verdict} onKey={changeKey} />
      <div className="page-main">
        <GraphiQL
          fetcher={fetcher}
          // Without a key there is nothing to ask: null keeps GraphiQL from trying.
          schema={key ? undefined : null}
          schemaDescription
          inputValueDeprecation
          defaultTabs={examples}
          shouldPersistHeaders={false}
          defaultEditorToolsVisibility={false}
        >
          <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
          {last && (
            <GraphiQL.Footer>
              <LastAnswer {...last} />
            </GraphiQL.Footer>
          )}
        </GraphiQL>
      </div>
    </div>
  );
}
