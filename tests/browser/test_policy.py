"""Chat and desk as the web process serves them: the browser refuses nothing of ours, and refuses what is not ours."""
from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from chat_steps import STORY, write
from playwright.sync_api import Browser, Page, expect
from refusals import refusals

from bot.database import writing
from bot.door import bot_client
from bot.serve import web_app
from tests.desk_world import Desk, make_account, make_case, served
from tests.phone import first_sign_in_on

LISTEN = "addEventListener('securitypolicyviolation', (e) => console.error('refused: ' + e.effectiveDirective))"
LEFT = "net::ERR_ABORTED"
"""What a request ends with where the page was left meanwhile."""
Watched = Callable[[], tuple[Page, list[str]]]


@pytest.fixture(scope="module")
def site(database: None) -> Iterator[Desk]:
    async def away(_: str) -> None:
        raise bot_client.BotUnavailable("ConnectError")

    with pytest.MonkeyPatch.context() as patch, served(web_app()) as found:
        patch.setattr(bot_client, "answer", away)
        yield found


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    """Gives pages, each with what its browser refused to load or run."""
    contexts = []

    def new() -> tuple[Page, list[str]]:
        context, refused = chromium.new_context(), []
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(LISTEN)
        page.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
        page.on("requestfailed", lambda request: refused.append(request.url) if request.failure != LEFT else None)
        return page, refused

    yield new
    for context in contexts:
        context.close()


def test_nothing_of_ours_is_refused(watched: Watched, site: Desk, reports: Callable[[Page], list[str]]) -> None:
    page, refused = watched()
    reports(page)
    page.goto(site.address)
    write(page, STORY)
    expect(page.locator(".message.responder .state")).to_have_text("stored")
    page.goto(f"{site.address}/desk")
    account, password = make_account(writing, "duty", "Ana Marin")
    first_sign_in_on(page, account.name, password)
    expect(page.locator("body[data-ringing]")).to_be_attached()
    page.goto(f"{site.address}/desk/case/{make_case(writing, sent=True).case}")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#say")).to_be_visible()
    assert page.evaluate("crossOriginIsolated") is True
    assert refused == []


@pytest.mark.parametrize("path", ["/", "/desk/sign-in"])
def test_a_script_in_the_page_is_refused_and_seen(watched: Watched, site: Desk, path: str) -> None:
    page, refused = watched()
    reported = refusals(page)
    page.goto(f"{site.address}{path}")
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'run'";
      document.body.append(script);
    }""")
    page.wait_for_function("document.scripts.length > 0")
    assert page.title() != "run"
    assert any("script-src" in line for line in refused) and len(reported) == 1
