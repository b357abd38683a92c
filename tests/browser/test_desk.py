"""The duty desk in a real browser: it rings, stays fresh, survives a lost line, works by keyboard and on a phone."""
from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from bot.conversations.messages import receive
from bot.conversations.tables import Conversation
from bot.database import now, writing
from bot.referrals import claims
from bot.referrals.tables import Case
from bot.security.accounts import everyone
from bot.security.second_factor import RECOVERY_CODES
from tests.desk_world import Desk, Sample, desk_app, make_account, make_case, served, told_to
from tests.phone import Phone, first_sign_in_on

SignIn = Callable[..., Page]

MUTED = """
  const Real = window.AudioContext;
  let allowed = false;
  window.AudioContext = class extends Real {
    get state() { return allowed ? "running" : "suspended"; }
    async resume() { allowed = true; await super.resume(); this.dispatchEvent(new Event("statechange")); }
  };
"""


@pytest.fixture(scope="module")
def desk_site(database: None) -> Iterator[Desk]:
    with served(desk_app()) as site:
        yield site


@pytest.fixture
def sign_in(chromium: Browser, desk_site: Desk, reports: Callable[[Page], list[str]]) -> Iterator[SignIn]:
    """Gives desk pages, each of an officer of its own; the queue is empty at the start."""
    with writing() as session:
        session.execute(update(Case).values(state="closed", closed_at=now()))
    contexts, errors, refused = [], [], []

    def new(role: str = "duty", display: str = "Ana Marin", script: str = "", **options: object) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        refused.append(reports(page))
        if script:
            page.add_init_script(script)
        account, password = make_account(writing, role, display)
        page.goto(f"{desk_site.address}/desk")
        first_sign_in_on(page, account.name, password)
        ready(page)
        return page

    yield new
    for context in contexts:
        context.close()
    assert not errors and not any(refused)


def say(sample: Sample, text: str) -> None:
    with writing() as session:
        receive(session, session.get(Conversation, sample.conversation), text, None, uuid.uuid4().hex)


def ready(page: Page) -> None:
    """Wait until the page's scripts have run."""
    expect(page.locator("body[data-ringing]")).to_be_attached()


def claim(page: Page, sample: Sample) -> None:
    """Open a case and claim it."""
    page.goto(re.sub("/desk.*", f"/desk/case/{sample.case}", page.url))
    ready(page)
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#say")).to_be_visible()
    ready(page)


def test_a_new_case_appears_and_rings_within_two_seconds(sign_in: SignIn) -> None:
    page = sign_in()
    expect(page.locator(".empty")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ringing", "no")
    sample = make_case(writing, sent=True, danger=True)
    row = page.locator("tr", has=page.locator(f"#open-{sample.case}"))
    expect(row).to_be_visible(timeout=2_000)
    expect(page.locator("body")).to_have_attribute("data-ringing", "danger", timeout=2_000)
    expect(page.locator("#bell")).to_contain_text("1 waiting")
    expect(page).to_have_title(re.compile(r"\(1\) DANGER"))
    expect(page.locator("#announce")).to_contain_text("1 waiting")
    row.get_by_role("button", name="Claim").click()
    expect(page.locator("#say")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ringing", "no")
    assert told_to(writing, sample.conversation)[0].startswith("Received by Ana Marin")


def test_another_officers_claim_stops_the_ringing(sign_in: SignIn) -> None:
    page, sample = sign_in(), make_case(writing)
    expect(page.locator("body")).to_have_attribute("data-ringing", "calm")
    with writing() as session:
        jon = next(a for a in everyone(session) if a.role == "duty")
        claims.claim(session, sample.case, jon)
    expect(page.locator("body")).to_have_attribute("data-ringing", "no", timeout=2_000)
    expect(page.locator("#bell")).to_contain_text("nobody waiting")


def test_the_first_click_counts_although_it_lets_the_sound_in(sign_in: SignIn) -> None:
    page, sample = sign_in(script=MUTED), make_case(writing)
    page.goto(re.sub("/desk.*", f"/desk/case/{sample.case}", page.url))
    expect(page.locator("#muted")).to_be_visible()
    page.get_by_role("button", name="Claim").hover()
    page.mouse.down()
    expect(page.locator("body")).to_have_attribute("data-ringing", "calm")
    page.mouse.up()
    expect(page.locator("#say")).to_be_visible()


def test_a_muted_browser_says_so_in_red_until_the_sound_is_on(sign_in: SignIn) -> None:
    page = sign_in(script=MUTED)
    make_case(writing)
    expect(page.locator("#muted")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ringing", "no")
    page.click("#unmute")
    expect(page.locator("#muted")).to_be_hidden()
    expect(page.locator("body")).to_have_attribute("data-ringing", "calm")


def test_the_sound_can_be_tested(sign_in: SignIn) -> None:
    page = sign_in(script="window.played = 0; const start = AudioBufferSourceNode.prototype.start;"
                          "AudioBufferSourceNode.prototype.start = function () { window.played++; start.call(this); };")
    page.click("#test-sound")
    page.wait_for_function("window.played === 1")


def test_of_two_pages_of_one_browser_one_rings(sign_in: SignIn) -> None:
    first = sign_in()
    second = first.context.new_page()
    second.goto(first.url)
    make_case(writing)
    for page in (first, second):
        expect(page.locator("#bell")).to_contain_text("1 waiting")
        page.click("h1", force=True)
    first.wait_for_timeout(700)
    ringing = [page.get_attribute("body", "data-ringing") for page in (first, second)]
    assert sorted(map(str, ringing)) == ["calm", "no"]
    (first if ringing[0] == "calm" else second).close()
    left = second if ringing[0] == "calm" else first
    expect(left.locator("body")).to_have_attribute("data-ringing", "calm")


def test_a_lost_line_is_said_and_nothing_is_missed(sign_in: SignIn) -> None:
    page = sign_in()
    page.wait_for_timeout(500)
    page.route("**/desk**", lambda route: route.abort())
    page.evaluate("window.stop()")
    sample = make_case(writing)
    expect(page.locator("#stale")).to_be_visible(timeout=12_000)
    page.unroute("**/desk**")
    expect(page.locator(f"#open-{sample.case}")).to_be_visible(timeout=8_000)
    expect(page.locator("#stale")).to_be_hidden()


def test_the_end_of_the_session_is_said(sign_in: SignIn, desk_site: Desk) -> None:
    page = sign_in()
    page.context.clear_cookies()
    make_case(writing)
    expect(page.locator("#out")).to_be_visible(timeout=8_000)


def test_officer_and_responder_talk(sign_in: SignIn) -> None:
    page, sample = sign_in(), make_case(writing)
    claim(page, sample)
    page.fill("#text", "Are you safe where you are?")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript .human")).to_have_text(re.compile("Are you safe"))
    expect(page.locator("#sent")).to_have_text("Stored.")
    expect(page.locator("#text")).to_have_value("")
    say(sample, "yes, <b>both</b> of us")
    expect(page.locator("#transcript .responder").last).to_contain_text("yes, <b>both</b> of us", timeout=2_000)
    page.click("#canned summary")
    page.locator("[data-phrase]").first.click()
    expect(page.locator("#text")).to_have_value(re.compile("Thank you"))
    page.get_by_role("button", name="Hand the chat back").click()
    expect(page.locator("#box")).to_contain_text("The assistant has the chat")


def test_what_is_typed_survives_reload_news_and_a_lost_line(sign_in: SignIn) -> None:
    page, sample = sign_in(), make_case(writing)
    claim(page, sample)
    page.fill("#text", "half a sent")
    page.click("#d-close summary")
    page.fill("#d-close textarea", "not yet")
    page.reload()
    ready(page)
    expect(page.locator("#text")).to_have_value("half a sent")
    expect(page.locator("#d-close textarea")).to_have_value("not yet")
    say(sample, "news")
    expect(page.locator("#transcript")).to_contain_text("news")
    expect(page.locator("#text")).to_have_value("half a sent")
    page.route("**/send", lambda route: route.abort())
    page.click("#say button:has-text('Send')")
    expect(page.locator("#sent")).to_contain_text("Not stored")
    expect(page.locator("#text")).to_have_value("half a sent")
    page.unroute("**/send")
    page.click("#say button:has-text('Send')")
    expect(page.locator("#transcript .human")).to_have_count(1)
    page.reload()
    expect(page.locator("#text")).to_have_value("")


def test_a_supervisor_takes_the_box_away(sign_in: SignIn) -> None:
    ana, chief, sample = sign_in(), sign_in("supervisor", "Eva Lund"), make_case(writing)
    claim(ana, sample)
    chief.goto(ana.url)
    expect(chief.locator("#say")).to_have_count(0)
    chief.get_by_role("button", name="Take over").click()
    expect(chief.locator("#say")).to_be_visible()
    expect(ana.locator("#say")).to_have_count(0, timeout=2_000)
    expect(ana.locator("#top")).to_contain_text("Eva Lund has this case")


def test_by_keyboard_alone(sign_in: SignIn) -> None:
    page, sample = sign_in(), make_case(writing)
    expect(page.locator(f"#claim-{sample.case}")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"claim-{sample.case}":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_sideways_scrolling(sign_in: SignIn, scheme: str) -> None:
    page = sign_in(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    sample = make_case(writing, sent=True, danger=True, values={"place": "x" * 60})
    page.locator(f"#open-{sample.case}").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Claim").click()
    page.click("#d-answers summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select,textarea,button,a')].filter(e =>"
        " !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map(e => e.outerHTML)"
    )
    assert nameless == []


CONTRAST = """() => {
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map(linear); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  const weak = [];
  for (const e of document.querySelectorAll('main *, header *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.offsetParent || e.closest('.unseen')) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`);
  }
  return weak;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_enough(sign_in: SignIn, scheme: str) -> None:
    page = sign_in(color_scheme=scheme, reduced_motion="reduce")
    make_case(writing)
    sample = make_case(writing, sent=True, danger=True, values={"missing": "now", "call_back": "+44 20 7946 0555"})
    page.locator(f"#open-{sample.case}").wait_for()
    assert page.evaluate(CONTRAST) == []
    claim(page, sample)
    page.fill("#text", "Hello")
    page.keyboard.press("Enter")
    page.locator("#transcript .human").wait_for()
    page.click("#d-decide summary")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_sign_in_on_a_phone(phone: Callable[..., Page], desk_site: Desk, scheme: str) -> None:
    page, (account, password) = phone(color_scheme=scheme), make_account(writing, "admin", "Root")
    page.goto(f"{desk_site.address}/desk")

    def sound() -> None:
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    sound()
    page.fill("[name=name]", account.name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    expect(page.locator("#secret")).to_be_visible()
    shown = "document.querySelector('.qr').decode().then(() => document.querySelector('.qr').naturalWidth)"
    assert page.evaluate(shown)
    sound()
    page.fill("[name=code]", "000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not fit")
    app = Phone(page.locator("#secret").inner_text().replace(" ", ""))
    page.fill("[name=code]", app.code())
    page.keyboard.press("Enter")
    expect(page.locator(".recovery li")).to_have_count(RECOVERY_CODES)
    sound()
    recovery = page.locator(".recovery code").first.inner_text()
    page.reload()
    expect(page.locator(".recovery")).to_have_count(0)
    page.goto(f"{desk_site.address}/desk/accounts")
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("link", name="Who is signed in").click()
    expect(page.get_by_text("this browser")).to_be_visible()
    sound()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Duty desk")).to_be_visible()
    assert [cookie["name"] for cookie in page.context.cookies()] == ["firstline_browser"]
    page.fill("[name=name]", account.name)
    page.fill("[name=password]", password)
    page.fill("[name=code]", recovery)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
