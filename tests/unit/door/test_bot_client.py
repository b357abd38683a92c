"""Which bot process the door asks, where there are several."""
from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from bot.door import bot_client

Answer = Callable[[httpx.Request], httpx.Response]


def gone(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("killed in the middle of a turn")


def slow(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("still at it")


@pytest.fixture
def bots(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put processes in the place of the real ones."""

    def put(*answers: Answer) -> None:
        clients = tuple(httpx.AsyncClient(transport=httpx.MockTransport(one), base_url="http://bot") for one in answers)
        monkeypatch.setattr(bot_client, "_clients", lambda: clients)

    return put


async def test_they_are_asked_in_turn(bots: Callable[..., None]) -> None:
    asked = []

    def bot(name: str) -> Answer:
        def answer(_: httpx.Request) -> httpx.Response:
            asked.append(name)
            return httpx.Response(200, json={"done": True})
        return answer

    bots(bot("a"), bot("b"))
    for _ in range(4):
        await bot_client.answer("c")
    assert sorted(asked) == ["a", "a", "b", "b"]
    bots(gone, bot("b"))
    for _ in range(4):
        await bot_client.answer("c")
    assert asked[4:] == ["b"] * 4


@pytest.mark.parametrize("answers", [(gone, gone), (slow, slow)])
async def test_where_none_answers_that_is_said(bots: Callable[..., None], answers: tuple[Answer, ...]) -> None:
    bots(*answers)
    with pytest.raises(bot_client.BotUnavailable):
        await bot_client.answer("c")
