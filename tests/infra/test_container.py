"""The container: built from hashed locks, run without privileges, with what the code calls."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMMANDS = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)).splitlines()
STAGES = [line.split()[1:] for line in COMMANDS if line.startswith("FROM ")]


def test_one_base_serves_every_stage_and_can_be_chosen():
    bases = {stage[0] for stage in STAGES}
    assert bases == {"${PYTHON_IMAGE}", "packages"}
    assert any(line.startswith("ARG PYTHON_IMAGE=") for line in COMMANDS)


def test_nothing_is_installed_without_a_hash():
    installs = re.findall(r"pip (?:install|wheel)\s[^&]*", "\n".join(COMMANDS))
    assert len(installs) >= 4
    for install in installs:
        # What is not hashed in a lock is the project itself, built with no index to ask.
        assert "--require-hashes" in install or "--no-index" in install


def test_the_process_is_lambdas_runtime_client_and_not_root():
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert 'ENTRYPOINT ["python", "-m", "awslambdaric"]' in last
    assert 'CMD ["graphql_api.handler.handler"]' in last
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)


def test_every_service_that_the_code_calls_is_described_in_the_image():
    called = {
        service
        for package in ("engine", "market_data", "graphql_api")
        for file in (ROOT / package).rglob("*.py")
        for service in re.findall(
            r"(?:create_client|client|\.resource)\(\s*\"([a-z0-9-]+)\"", file.read_text()
        )
    }
    secrets = (ROOT / "graphql_api" / "guard" / "aws_secrets.py").read_text()
    called |= {"ssm"} if "SSMProvider" in secrets else set()  # through Powertools
    kept = re.search(r'^ARG AWS_SERVICES="([^"]*)"$', DOCKERFILE, re.MULTILINE)
    assert called
    assert called == set(kept[1].split())


@pytest.mark.parametrize(
    "lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name
)
def test_no_lock_names_a_host(lock):
    assert "://" not in lock.read_text()


def test_the_image_runs_the_versions_that_were_tested():
    def versions(name):
        return dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / name).read_text()))

    tested = versions("requirements-dev.lock")
    for name, version in versions("requirements-lambda.lock").items():
        assert tested.get(name, version) == version


def test_only_what_the_build_copies_reaches_the_builder():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    for secret in ("**/.intellpulse", "**/.env*", "**/*.key"):
        # Rules are read in order, so what is refused last stays refused.
        assert rules.index(secret) > max(i for i, rule in enumerate(rules) if rule.startswith("!"))
