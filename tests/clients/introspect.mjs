// Writes the schema that a server tells by introspection: node introspect.mjs URL FILE.
import { writeFileSync } from "node:fs";
import { buildClientSchema, getIntrospectionQuery, printSchema } from "graphql";

const [url, file] = process.argv.slice(2);
const query = getIntrospectionQuery({
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
  specifiedByUrl: true,
});
const response = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json", "x-api-key": process.env.API_KEY },
  body: JSON.stringify({ query }),
});
const { data, errors } = await response.json();
if (!data) {
  throw new Error(JSON.stringify(errors));
}
writeFileSync(file, printSchema(buildClientSchema(data)) + "\n");
