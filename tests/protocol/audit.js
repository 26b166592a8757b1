// Runs every audit of graphql-http against a server, and prints what each says as JSON.
// node audit.js https://.../graphql, with the key in API_KEY.
import { serverAudits } from "graphql-http";

const key = process.env.API_KEY;

function fetchWithKey(address, options = {}) {
  const headers = new Headers(options.headers);
  headers.set("x-api-key", key);
  return fetch(address, { ...options, headers });
}

const results = [];
for (const audit of serverAudits({ url: process.argv[2], fetchFn: fetchWithKey })) {
  const { id, name, status, reason } = await audit.fn();
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
