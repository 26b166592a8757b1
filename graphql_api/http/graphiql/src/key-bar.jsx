// The bar above GraphiQL: whose page this is, the place for the key, and how it was received.
import { useId, useState } from "react";

import { isSendable, looksComplete } from "./key.js";

/** What the bar says of the key; `verdict` is {ok, message} once the API has answered. */
function statusOf(key, verdict) {
  if (!key) {
    return {
      tone: "hint",
      text: (
        <>
          Enter your API key to load the schema and run the examples: <code>make serve</code> prints one.
        </>
      ),
    };
  }
  if (!verdict) return { tone: "wait", text: "Asking the API …" };
  if (verdict.ok) return { tone: "good", text: "Key accepted. It is kept for this tab only." };
  return { tone: "bad", text: verdict.message };
}

export function KeyBar({ apiKey, verdict, onKey }) {
  const [draft, setDraft] = useState(apiKey);
  const [shown, setShown] = useState(false);
  const id = useId();
  const text = draft.trim();
  const unsendable = text !== "" && !isSendable(text);
  const status = unsendable
    ? { tone: "bad", text: "This holds characters that no API key has." }
    : statusOf(apiKey, verdict);

  const edit = (event) => {
    setDraft(event.target.value);
    // A whole key, as from a paste, needs no further click.
    const candidate = event.target.value.trim();
    if (looksComplete(candidate)) onKey(candidate);
  };
  const submit = (event) => {
    event.preventDefault();
    if (!unsendable) onKey(text);
  };
  const forget = () => {
    setDraft("");
    onKey("");
  };

  return (
    <header className="bar">
      <h1 className="bar-title">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M1.5 13h5l3-8.5 5 15 3-6.5h5" />
        </svg>
        IntellPulse
      </h1>
      <form className="bar-key" onSubmit={submit} autoComplete="off">
        <label htmlFor={id}>API key</label>
        <input
          id={id}
          type={shown ? "text" : "password"}
          value={draft}
          onChange={edit}
          placeholder="ip_live_…"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-describedby={`${id}-status`}
          aria-invalid={status.tone === "bad"}
          autoFocus={!apiKey}
        />
        <button type="button" onClick={() => setShown(!shown)} aria-pressed={shown}>
          {shown ? "Hide" : "Show"}
        </button>
        {apiKey && text === apiKey ? (
          <button type="button" onClick={forget}>
            Forget
          </button>
        ) : (
          <button type="submit" disabled={!text || unsendable}>
            Use key
          </button>
        )}
      </form>
      <p id={`${id}-status`} className="bar-status" data-tone={status.tone} role="status">
        {status.text}
      </p>
    </header>
  );
}
