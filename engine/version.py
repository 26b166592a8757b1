"""The engine's version, which moves whenever any number it gives could change."""

__all__ = ["ENGINE_VERSION"]

ENGINE_VERSION = "1.0.0"
