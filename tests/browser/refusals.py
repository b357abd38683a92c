"""What a browser refused by the policy (CSP) of a page."""
from __future__ import annotations

from playwright.sync_api import Page


def refusals(page: Page) -> list[str]:
    """Give the list that each refusal is put on as it comes: the line that the browser writes to its console."""
    found: list[str] = []
    page.on("console", lambda line: found.append(line.text) if "Security Policy" in line.text else None)
    return found
