"""Reads the YAML data files and checks them, so that a broken entry stops the start with file, line and reason."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

DATA = Path(__file__).parent / "data"

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
SOURCE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["doc", "section"],
    "properties": {"doc": TEXT, "section": TEXT},
}
"""Schemas that every catalogue shares: a text, and a source by its key and section."""


class BrokenData(ValueError):
    """A data file does not say what it must say; the message names file, line and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path.name}:{line}: {reason}")


class _Loader(yaml.CSafeLoader):
    """A safe loader that refuses a key written twice, and for which only true and false are truth values.

    YAML 1.1 would read the answers "yes" and "no" as truth values.
    """


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"'{key}' stands here twice", problem_mark=key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def line_of(path: Path, where: list[str | int]) -> int:
    """Find the line on which a value stands.

    Args:
        path: the YAML file.
        where: keys and list positions from the root to the value.

    Returns:
        The line, counted from 1; that of the nearest enclosing value where the last key is missing.
    """
    node = yaml.compose(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    line = 1
    for step in where:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key_node, value_node in node.value:
                if key_node.value == str(step):
                    line, found = key_node.start_mark.line + 1, value_node
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def load(path: Path, schema: dict[str, Any]) -> Any:
    """Load one data file and check it.

    Args:
        path: the YAML file.
        schema: JSON Schema (2020-12) that the content must satisfy.

    Returns:
        The content as plain lists and dicts.

    Raises:
        BrokenData: the file cannot be read, or an entry breaks the schema.
    """
    try:
        content = _Loader(path.read_text("utf-8")).get_single_data()
    except OSError as error:
        raise BrokenData(path, 1, error.strerror or "cannot be read") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenData(path, line, error.problem or "is not YAML") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BrokenData(path, 1, "is not YAML in UTF-8") from error
    for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(content):
        where = list(error.instance_path)
        raise BrokenData(path, line_of(path, where), f"{'/'.join(map(str, where)) or 'file'}: {error.message}")
    return content
