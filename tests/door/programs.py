"""A program at the REST API, and the description that every answer is held against."""
from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import jsonschema_rs
import yaml

from bot.database import writing
from bot.security import tokens
from bot.settings import ROOT

SPEC = yaml.safe_load((ROOT / "docs" / "openapi.yml").read_text("utf-8"))
RECORD = json.loads((ROOT / "docs" / "record.schema.json").read_text("utf-8"))


def check(answer: httpx.Response, path: str, method: str = "get") -> dict[str, Any]:
    """Hold an answer against the description of its address and status; give its body."""
    described = SPEC["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, (answer.status_code, answer.text)
    entry = described[str(answer.status_code)]
    if "$ref" in entry:
        entry = SPEC["components"]["responses"][entry["$ref"].rsplit("/", 1)[1]]
    schema = entry["content"]["application/json"]["schema"]
    if schema == {"$ref": "record.schema.json"}:
        schema = RECORD
    jsonschema_rs.Draft202012Validator({**schema, "components": SPEC["components"]}).validate(answer.json())
    assert answer.headers["content-type"].startswith("application/json")
    return dict(answer.json())


class Client:
    """A program with one token.

    Args:
        http: the connection.
        token: its bearer token; None sends none.
    """

    def __init__(self, http: httpx.AsyncClient, token: str | None) -> None:
        self.http = http
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    async def raw(self, content: bytes) -> httpx.Response:
        return await self.http.post("/api/v1/messages", content=content, headers=self.headers)

    async def say(self, name: str, words: Any, message_id: str | None = None) -> httpx.Response:
        body = {"conversation": name, "message": words, **({"id": message_id} if message_id else {})}
        return await self.raw(json.dumps(body).encode())

    async def told(self, name: str, words: str, message_id: str | None = None) -> dict[str, Any]:
        answer = await self.say(name, words, message_id)
        assert answer.status_code == 200, answer.text
        return check(answer, "/api/v1/messages", "post")

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers=self.headers)


def new_token(scope: str) -> str:
    """Make a token of a name that no other test has."""
    with writing() as session:
        return tokens.create(session, f"t{uuid.uuid4().hex[:12]}", scope)
