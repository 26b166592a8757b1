"""Equal bits under other processors' kernels of BLAS and NumPy, each tried in a process of its own.

A kernel may round a product before it adds it, or not, and take more or fewer numbers at a time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core import _multiarray_umath

ROOT = Path(__file__).parents[2]
FEATURES = _multiarray_umath.__cpu_features__
NEEDS = {
    "Prescott": ("SSE3",),
    "Nehalem": ("SSE42",),
    "Zen": ("AVX2", "FMA3"),
    "Haswell": ("AVX2", "FMA3"),
    "SkylakeX": ("AVX512_SKX",),
    "ARMV8": ("ASIMD",),
    "NEOVERSEN1": ("ASIMDHP",),
}
"""Kernels of OpenBLAS, and what a processor must have to run them."""
KERNELS = [core for core, needed in NEEDS.items() if all(FEATURES.get(n) for n in needed)]
WITH_BLAS = {"KAMA"}
WITH_LOGARITHMS = {"HISTORICAL_VOLATILITY", "TREND_WITH_VOLATILITY_TARGET decided"}
"""Whose bits are those of a kernel, and even so the same ones however they are asked for."""


def digests(**environment):
    """What each entry says, in a process with this environment; all claims were tried there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.same_bits"],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here():
    return digests()


@pytest.mark.parametrize("core", KERNELS)
def test_with_every_kernel_of_blas_bits_are_the_same_however_they_are_asked_for(core, here):
    there = digests(OPENBLAS_CORETYPE=core)
    assert {name for name in here if there[name] != here[name]} <= WITH_BLAS


def test_with_numpys_plainest_loops_bits_are_the_same_however_they_are_asked_for(here):
    wider = " ".join(name for name in _multiarray_umath.__cpu_dispatch__ if FEATURES[name])
    there = digests(NPY_DISABLE_CPU_FEATURES=wider)
    assert {name for name in here if there[name] != here[name]} <= WITH_LOGARITHMS
