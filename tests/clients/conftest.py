"""Clients are compiled and run by scripts/check_clients.py, each with packages of its own."""

collect_ignore_glob = ["python/*", "generated/*"]
