"""The engine's face: what the package exports, and nothing else."""

import engine


def test_the_package_exports_what_it_names():
    assert engine.__all__ == sorted(engine.__all__, key=lambda name: (not name.isupper(), name))
    for name in engine.__all__:
        assert getattr(engine, name) is not None


def test_the_version_is_three_numbers():
    assert [part.isdigit() for part in engine.ENGINE_VERSION.split(".")] == [True] * 3
