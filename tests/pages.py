"""What tests of the documentation share: the tables of a page, and a reader who tries it."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from graphql_api.stores import Scope

__all__ = ["ROOT", "reader", "rows"]

ROOT = Path(__file__).parent.parent


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the table whose first head is this."""
    table = page.split(f"\n| {head} |")[1].split("\n\n", maxsplit=1)[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.split("\n")][2:]


@contextmanager
def reader(
    data: Path, clock: Callable[[], int], scope: Scope = Scope.SIGNALS_READ
) -> Iterator[TestClient]:
    """A client of the app with a key of the plan BASIC."""
    settings = Settings(data=data)
    with closing(open_accounts(settings)[0]) as accounts:
        new = Accounts(accounts, clock).open_account("Reader", "BASIC", "", [scope])
    with TestClient(create_app(settings, clock)) as client:
        client.headers["x-api-key"] = new.secret
        yield client
