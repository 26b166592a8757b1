"""GraphQL over HTTP: the view, its limits, GraphiQL and health."""
