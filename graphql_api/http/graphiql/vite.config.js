// One page and its assets under /graphiql/, everything from this origin.
import { defineConfig } from "vite";

export default defineConfig({
  // Absolute, because the same page is served at / and at /graphiql.
  base: "/graphiql/",
  oxc: { jsx: { runtime: "automatic" } },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    target: "es2022",
    // The notices that the bundled packages ask to be passed on with them.
    license: { fileName: "licenses.md" },
    // Monaco is one editor of 3 MB; to split it further would only cost requests.
    chunkSizeWarningLimit: 6000,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" speaks to server frameworks, of which there is none here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
  // `npm run dev` beside a running `make serve`.
  server: { proxy: { "/graphql": "http://127.0.0.1:8000" } },
});
