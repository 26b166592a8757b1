"""Accounts, keys and usage: one Protocol, with DynamoDB and SQLite behind it."""
