"""The bitemporal series: rows with the time at which they became known, and what was known when."""
