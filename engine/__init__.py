"""The quantitative engine: indicators, strategies, decisions and what follows from them."""
