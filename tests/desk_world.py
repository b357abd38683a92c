"""Helpers of the desk's tests: a small database of their own, sample cases, and the desk on a free port."""
from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sanic import Sanic
from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from bot.conversations.messages import messages_after, open_conversation, receive
from bot.database import make_engine, writing
from bot.protocol.report import new_report, put
from bot.referrals import reports
from bot.referrals.tables import Appointment
from bot.security import accounts
from bot.security import sign_in as way_in
from bot.security.sign_in import Admitted
from bot.security.tables import Account
from bot.settings import ROOT
from tests.databases import new_url_with_tables
from tests.phone import Phone, set_up_phone
from tests.planted import CHILD, DESCRIBED

Writing = Callable[[], AbstractContextManager[Session]]
STORY = f"Girl about 14 at the bus station, older man holds her passport. {DESCRIBED}"


@dataclass
class Store:
    """A database of its own, with the same promises as the real one."""

    sessions: sessionmaker

    @classmethod
    def at(cls, path: Path) -> Store:
        engine = make_engine(new_url_with_tables(path))
        return cls(sessionmaker(engine, future=True, expire_on_commit=False))

    def close(self) -> None:
        self.sessions.kw["bind"].dispose()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.sessions() as session:
            session.connection(execution_options={"write": True})
            yield session
            session.commit()


@dataclass(frozen=True)
class Sample:
    """Ids of a case that a test made."""

    case: str
    report: str
    conversation: str
    reference: str | None


def make_case(write: Writing, *, sent: bool = False, danger: bool = False, people: list[dict[str, Any]] | None = None,
              values: dict[str, Any] | None = None, text: str = STORY, reason: str = "human",
              conversation: str | None = None) -> Sample:
    """Make a case as the door and the actions would."""
    with write() as session:
        chat = open_conversation(session, "web", f"web:{conversation or uuid.uuid4()}", "chat")
        content = new_report()
        for person in people or [{"age": 14, "child": "yes", "sex": "female", "nationality": "MD"}]:
            content["persons"].append({"id": f"p{len(content['persons']) + 1}", "count": 1, "values": {}})
            for field, one in person.items():
                put(content, field, one, source="message", words=text, person=content["persons"][-1])
        if danger:
            put(content, "danger", "yes", source="message", words="he is here")
        for field, one in (values or {}).items():
            put(content, field, one, source="message", words=text)
        seen = {"seen": "observed", "words": "holds her passport", "sure": True}
        content["signs"] = {"documents.held_by_other": seen}
        content["account"] = [text]
        report = reports.begin_report(session, chat, content)
        message, _ = receive(session, chat, text, None, f"{CHILD} {uuid.uuid4().hex}")
        message.state = "done"
        if sent:
            reports.submit(session, report, chat, chat.owner)
            found = reports.open_case(session, report, chat, "sent")
        else:
            found = reports.open_case(session, report, chat, "danger" if danger else reason)
        return Sample(found.id, report.id, chat.id, report.reference)


def appoint(write: Writing, sample: Sample, manager: str, *routes: str) -> None:
    """Name a case manager for some routes of a case, whatever its state and its persons are."""
    dismiss(write, sample, *routes)
    with write() as session:
        session.add_all(Appointment(id=str(uuid.uuid4()), case_id=sample.case, report_id=sample.report, route=route,
                                    manager=manager, organisation="Care Norvik") for route in routes)


def dismiss(write: Writing, sample: Sample, *routes: str) -> None:
    """Let a case have no case manager any more for some routes, or for any where none is given."""
    which = [Appointment.route.in_(routes)] if routes else []
    with write() as session:
        session.execute(delete(Appointment).where(Appointment.case_id == sample.case, *which))


def make_account(write: Writing, role: str, display: str) -> tuple[Account, str]:
    """Make an account of a name that no other test has."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with write() as session:
        password = accounts.add(session, name, role, display, "test")
        return accounts.named(session, name), password


def sign_in(name: str, password: str, code: str, browser: str = "", address: str = "192.0.2.1") -> Admitted | None:
    """Sign in without the page, from a browser that nobody knows where no other is named."""
    return way_in.sign_in(name, password, code, way_in.Place(browser, address))


def told_to(write: Writing, conversation: str) -> list[str]:
    """Give what the responder reads from system and officers."""
    with write() as session:
        return [m.text for m in messages_after(session, conversation) if m.author in ("system", "human")]


@dataclass
class Desk:
    """The desk, served; what a test does there."""

    address: str

    def browser(self) -> httpx.Client:
        """Give a browser that nobody signed in with."""
        return httpx.Client(base_url=self.address, headers={"origin": self.address}, timeout=20)

    def signed_in(self, role: str = "duty", display: str = "Ana Marin") -> Browser:
        """Give a browser signed in with a new account."""
        account, password = make_account(writing, role, display)
        client, phone = self.browser(), set_up_phone(writing, account)
        answer = client.post("/desk/sign-in", data={"name": account.name, "password": password, "code": phone.code()})
        assert answer.status_code == 303, answer.text
        home = client.get("/desk/sign-in", follow_redirects=True)
        return Browser(client, account, password, phone, home.text.split('name="csrf" value="')[1].split('"')[0])


@dataclass
class Browser:
    """A signed-in browser."""

    client: httpx.Client
    account: Account
    password: str
    phone: Phone
    csrf: str

    def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form as the page would."""
        return self.client.post(path, data={"csrf": self.csrf, **form})

    def queue(self, shown: str = "") -> str:
        """Give all pages of the queue, or of a part of it, as one text: other tests leave cases there."""
        texts: list[str] = []
        while not texts or f"page={len(texts) + 1}" in texts[-1]:
            answer = self.client.get("/desk", params={"show": shown, "page": len(texts) + 1})
            assert answer.status_code == 200, answer.text
            texts.append(answer.text)
        return "".join(texts)

    def act(self, case: str, act: str, **form: Any) -> httpx.Response:
        """Do an act on a case."""
        return self.post(f"/desk/case/{case}/{act}", **form)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def desk_app() -> Sanic:
    """Make a web process with the desk alone."""
    from bot.desk.pages import desk_blueprint
    from bot.live import Live

    app = Sanic(f"desk-{uuid.uuid4().hex[:8]}", configure_logging=False)
    app.ctx.live = Live()
    app.blueprint(desk_blueprint())
    app.static("/static", ROOT / "bot" / "static")
    return app


def desk_routes() -> list[tuple[str, str, str]]:
    """Give name, method and path of every route that the desk has, those of a case with a case that does not exist."""
    return [(route.name.rsplit(".", 1)[-1], method,
             "/" + route.path.replace("<case_id:str>", "unknown-case").replace("<name:str>", "claim"))
            for group in desk_app().router.groups.values() for route in group if route.path.startswith("desk")
            for method in route.methods if method != "HEAD"]


@contextmanager
def served(app: Sanic) -> Iterator[Desk]:
    """Serve an app on a free port, in a thread of its own."""
    # Without it Sanic rewrites its own methods at the first start and fails at the second.
    Sanic.test_mode = True
    port, ready, loop = free_port(), threading.Event(), asyncio.new_event_loop()

    async def start() -> None:
        server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
        await server.startup()
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield Desk(f"http://127.0.0.1:{port}")
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
