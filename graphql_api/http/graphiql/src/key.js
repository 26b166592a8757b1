// The API key: kept for this browser tab alone, sent as a header, never in an address that is sent.

const STORED_AS = "intellpulse:api-key";

/** What a complete key looks like; the server alone knows whether it is a good one. */
export const looksComplete = (text) => /^ip_(live|test)_[0-9A-Za-z]{36}$/.test(text);

/** Whether the text could be sent in a header at all. */
export const isSendable = (text) => /^[\x21-\x7e]+$/.test(text);

const THIS_MACHINE = ["127.0.0.1", "localhost", "[::1]"];

/**
 * The key behind the # of the link that `intellpulse serve` prints for its demo account. No browser
 * sends that part to a server; here it is taken out of the address at once. On any other host than
 * this machine no link may bring a key: it could be somebody else's.
 */
function keyOfLink() {
  if (!THIS_MACHINE.includes(location.hostname)) return "";
  const key = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
  if (!looksComplete(key)) return "";
  history.replaceState(null, "", location.pathname + location.search);
  keepKey(key);
  return key;
}

// A browser that forbids storage still gets a working page: the key then lives in memory.
export function recallKey() {
  const given = keyOfLink();
  if (given) return given;
  try {
    return sessionStorage.getItem(STORED_AS) ?? "";
  } catch {
    return "";
  }
}

export function keepKey(key) {
  try {
    if (key) sessionStorage.setItem(STORED_AS, key);
    else sessionStorage.removeItem(STORED_AS);
  } catch {
    // Nothing to do: the page keeps it in memory.
  }
}
