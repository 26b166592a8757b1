"""What callers meet: the GraphQL API, its guard, and the command line."""
