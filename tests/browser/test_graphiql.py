"""GraphiQL as a visitor meets it: the key, an answer, the docs, and nothing from elsewhere."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from graphql_api.http import graphiql


@pytest.fixture(autouse=True)
def _built() -> None:
    if not (graphiql.DIST / "index.html").is_file():
        pytest.fail("These tests need GraphiQL to be built: make graphiql", pytrace=False)


def wait_for_editor(page: Page) -> None:
    expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text("query")


def status(page: Page) -> Any:
    """The line beside the key."""
    return page.get_by_role("status")


def answer(page: Page) -> Any:
    """The pane of the answer."""
    return page.locator(".graphiql-response .view-lines")


def run(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.get_by_role("button", name="Execute query").click()


@pytest.fixture
def opened(watched: Any, server: Any) -> Page:
    """The page at /, with the demo key entered and accepted."""
    page: Page = watched.page
    page.goto(server.url + "/")
    wait_for_editor(page)
    page.get_by_label("API key").fill(server.demo_key)
    expect(status(page)).to_contain_text("Key accepted")
    return page


def test_the_default_query_is_answered_and_the_docs_show_the_schema_with_no_other_origin_asked(
    watched: Any, server: Any, opened: Page
) -> None:
    opened.get_by_role("button", name="Execute query").click()
    expect(answer(opened)).to_contain_text('"symbol": "AAPL"')
    expect(answer(opened)).to_contain_text('"action": "')
    expect(answer(opened)).to_contain_text('"requestedQueryCost"')
    expect(opened.locator(".last-answer")).to_contain_text("HTTP 200")

    opened.get_by_role("button", name="Show Documentation Explorer").click()
    docs = opened.locator(".graphiql-doc-explorer")
    docs.get_by_role("link", name="Query", exact=True).click()
    expect(docs).to_contain_text("explanation")
    expect(docs).to_contain_text("rateLimit")

    # The watch sees what workers load too; else the next line would promise too much.
    assert any("graphql.worker" in url for url in watched.requested)
    assert watched.requests_beyond(server.url) == []
    assert watched.complaints == []


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("Explanation", '"contributions": ['),
        ("History", '"totalCount"'),
        ("Backtest", '"lookAheadAudit"'),
        ("Usage", '"unitsRemaining"'),
        ("Catalogue", '"thresholds"'),
    ],
)
def test_each_worked_example_is_answered_without_an_error(
    watched: Any, server: Any, opened: Page, tab: str, said: str
) -> None:
    run(opened, tab)
    expect(answer(opened)).to_contain_text(said)
    expect(answer(opened)).not_to_contain_text('"errors"')
    assert watched.requests_beyond(server.url) == []
    assert watched.complaints == []


def test_without_a_key_the_page_asks_for_one_and_asks_the_api_nothing(
    watched: Any, server: Any
) -> None:
    page = watched.page
    page.goto(server.url + "/graphiql")
    wait_for_editor(page)
    expect(status(page)).to_contain_text("Enter your API key")
    page.get_by_role("button", name="Execute query").click()
    expect(answer(page)).to_contain_text("Enter your API key")
    assert [url for url in watched.requested if url.endswith("/graphql")] == []
    assert watched.complaints == []


def test_a_key_that_is_refused_is_told_beside_the_key_and_a_good_one_puts_it_right(
    watched: Any, server: Any
) -> None:
    page = watched.page
    page.goto(server.url + "/")
    wait_for_editor(page)
    page.get_by_label("API key").fill(server.demo_key[:-1] + "!")
    page.get_by_role("button", name="Use key").click()
    expect(page.get_by_label("API key")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("API key").fill(server.demo_key)
    expect(status(page)).to_contain_text("Key accepted")


def test_the_key_stays_in_its_tab_and_out_of_addresses(
    watched: Any, server: Any, opened: Page
) -> None:
    opened.reload()
    expect(status(opened)).to_contain_text("Key accepted")
    kept = opened.evaluate("[JSON.stringify(localStorage), document.cookie, location.href]")
    assert not any(server.demo_key in text for text in kept)
    assert not any(server.demo_key in url for url in watched.requested)

    other = opened.context.new_page()
    other.goto(server.url + "/")
    expect(status(other)).to_contain_text("Enter your API key")

    opened.get_by_role("button", name="Forget").click()
    opened.reload()
    expect(status(opened)).to_contain_text("Enter your API key")


def test_the_link_that_serve_prints_brings_the_demo_key_and_leaves_no_trace_of_it(
    watched: Any, server: Any
) -> None:
    page = watched.page
    (link,) = re.findall(r"GraphiQL +(http\S+)", (server.data / "log").read_text())
    assert link == f"{server.url}/#key={server.demo_key}"
    page.goto(link)
    expect(status(page)).to_contain_text("Key accepted")
    assert page.url == server.url + "/"
    sent = [url.partition("#")[0] for url in watched.requested]
    assert not any(server.demo_key in url for url in sent)
    page.reload()
    expect(status(page)).to_contain_text("Key accepted")

    page.get_by_role("button", name="Forget").click()
    page.goto(server.url + "/#key=nonsense")
    page.reload()
    expect(status(page)).to_contain_text("Enter your API key")


def test_it_takes_the_colours_that_the_visitor_prefers(watched: Any, server: Any) -> None:
    page = watched.page
    colours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(server.url + "/")
        wait_for_editor(page)
        colours.append(page.locator(".bar").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert colours == ["rgb(246, 248, 250)", "rgb(22, 28, 39)"]
