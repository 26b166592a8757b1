"""One function an indicator, a family a file."""
