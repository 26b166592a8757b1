"""One function a strategy."""
