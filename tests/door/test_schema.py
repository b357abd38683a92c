"""Requests generated from docs/openapi.yml, fitting and not: each answer is a documented one, and never a failure."""
from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.door import bot_client
from tests.door.programs import SPEC, Client, check, new_token

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATIONS = [(path, method) for path, methods in SPEC["paths"].items() for method in methods]
TOKENS = ("none", "wrong", "channel", "desk")
EXAMPLES = 30
"""Of each operation with each kind of token; there are 16 such pairs."""
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3), max_leaves=6,
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference into the description."""
    if "$ref" not in schema:
        return schema
    return dict(SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Give values that fit a schema, of the kinds that requests are described by; others are an error."""
    schema = resolved(schema)
    if "oneOf" in schema:
        return st.one_of([fitting(one) for one in schema["oneOf"]])
    if schema["type"] == "object":
        known = {name: fitting(one) for name, one in schema["properties"].items()}
        return st.fixed_dictionaries({name: known.pop(name) for name in schema["required"]}, optional=known)
    if schema["type"] == "string":
        texts = st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 40), 200))
        return texts.filter(lambda text: re.search(schema.get("pattern", ""), text))
    return {"integer": lambda: st.integers(schema["minimum"], schema["maximum"]), "null": st.none}[schema["type"]]()


def one_key_wrong(bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Spoil one key of what fits, or add one."""
    keys = st.sampled_from(["conversation", "message", "id", "other"])
    return st.builds(lambda body, key, value: {**body, key: value}, bodies, keys, ANYTHING)


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Tell whether a value fits a schema; half a surrogate pair, which no UTF-8 holds, never does."""
    try:
        whole = {**schema, "components": SPEC["components"]}
        return bool(jsonschema_rs.Draft202012Validator(whole).is_valid(value))
    except ValueError:
        return False


def read(value: Any, schema: dict[str, Any]) -> Any:
    """Read a value of a query, where all are texts, as its schema means it."""
    is_number = schema.get("type") == "integer" and re.fullmatch("[0-9]{1,12}", str(value))
    return int(value) if is_number else value


@pytest.fixture
def client(channel: Client, kind: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    async def silent(_: str) -> None:
        """Stand for the bot process; what it would say is no part of these tests."""

    monkeypatch.setattr(bot_client, "answer", silent)
    made = {"none": None, "wrong": uuid.uuid4().hex}
    return Client(channel.http, made[kind] if kind in made else new_token(kind))


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_every_answer_is_a_documented_one(path: str, method: str, kind: str, client: Client, data: Any) -> None:
    described = SPEC["paths"][path][method]
    address, query, content, fit = path, {}, None, True
    for parameter in described.get("parameters", []):
        schema = parameter["schema"]
        values = st.one_of(fitting(schema), st.text(max_size=80), st.text("0123456789٣", max_size=12))
        value = data.draw(values, label=parameter["name"])
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        else:
            query[parameter["name"]] = value
            fit = fit and fits(read(value, schema), schema)
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        body = data.draw(st.one_of(fitting(schema), one_key_wrong(fitting(schema)), ANYTHING), label="body")
        content, fit = json.dumps(body).encode(), fits(body, schema)
    answer = await client.http.request(method, address, params=query, headers=client.headers, content=content)
    check(answer, path, method)
    assert answer.status_code < 500, answer.text
    allowed = next(iter(described["security"][0]))
    if kind != allowed:
        # An address without a name in it is none, whoever asks; of "." and ".." a client makes one of those.
        assert answer.status_code == 401 or (answer.status_code == 404 and address.endswith(("/", "/.", "/..")))
    elif not fit:
        assert answer.status_code in (413, 422), answer.text
    elif method == "post":
        assert answer.status_code == 200, answer.text
