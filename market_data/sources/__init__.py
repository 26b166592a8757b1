"""One file a provider of bars."""
