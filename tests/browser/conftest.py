"""A real browser, and the chat page with a scripted bot behind it."""
from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright
from refusals import refusals

from tests.databases import new_url

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"NO BROWSER: {CHROMIUM} is missing, so no page was tried"
        if os.environ.get("CI"):
            pytest.fail(reason)
        reporter: Any = request.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(reason, red=True, bold=True)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chat_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    environment = {
        **os.environ,
        "FIRSTLINE_SECRET": "only for tests, longer than 32 characters",
        "FIRSTLINE_DATABASE_URL": new_url(tmp_path_factory.mktemp("chat") / "chat.db"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    log = tmp_path_factory.mktemp("chat_log") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("chat_site.py")), str(port)],
                                   env=environment, cwd=ROOT, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                httpx.get(f"{address}/leave", timeout=2)
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    break
                time.sleep(0.2)
        else:
            pytest.fail(f"the chat site did not start: {log.read_text()[-2000:]}")
        assert process.poll() is None, log.read_text()[-2000:]
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def chat_site(chat_address: str) -> Iterator[str]:
    """The chat site's address, with every accident of an earlier test undone."""
    httpx.post(f"{chat_address}/try/change", params={"down": 0, "slow": 0.2, "duty": 0})
    yield chat_address
    httpx.post(f"{chat_address}/try/change", params={"down": 0, "slow": 0.2, "duty": 0})


@pytest.fixture(scope="session")
def reports(figure: Callable[[str], None]) -> Iterator[Callable[[Page], list[str]]]:
    """Gives what a page's browser refuses by its policy (CSP); all together are a figure of the run."""
    loaded: list[str] = []
    of_pages: list[list[str]] = []

    def load(answer: Response) -> None:
        if answer.request.is_navigation_request() and "content-security-policy" in answer.headers:
            loaded.append(answer.url)

    def watch(page: Page) -> list[str]:
        page.on("response", load)
        of_pages.append(refusals(page))
        return of_pages[-1]

    yield watch
    figure(f"{len(loaded)} pages with a policy loaded in a browser: {sum(map(len, of_pages))} CSP reports")


@pytest.fixture
def phone(chromium: Browser, reports: Callable[[Page], list[str]]) -> Iterator[Callable[..., Page]]:
    """Gives new phones: each a browser of its own, with a page that fails the test on any error of a script."""
    contexts: list[Any] = []
    errors: list[str] = []
    refused: list[list[str]] = []

    def new(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": PHONE, "has_touch": True, "color_scheme": "dark", **options})
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        refused.append(reports(page))
        return page

    yield new
    for context in contexts:
        context.close()
    assert not errors and not any(refused)
