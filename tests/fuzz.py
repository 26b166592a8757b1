"""How long tests go on trying random inputs: `make fuzz` sets FUZZ_TIMES."""

import os

__all__ = ["TIMES"]

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
