"""Sentence vectors without a network: static token vectors from a locked package, averaged over a clause."""
from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

WIDTH = 256


class NoVectors(RuntimeError):
    """The package that carries the vectors is not installed; `make run` installs it."""


def _folder() -> Path:
    # Found and not imported: its code asks for a numpy that Rasa cannot take, and only its data is wanted.
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise NoVectors("wordllama is not installed (requirements-vectors.txt)")
    return Path(spec.origin).parent


@lru_cache(maxsize=1)
def _loaded() -> tuple[np.ndarray, Tokenizer]:
    folder = _folder()
    table = load_file(folder / "weights" / "l2_supercat_256.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    return next(iter(table.values())).astype(np.float32), tokenizer


def vectors(texts: list[str]) -> np.ndarray:
    """Turn clauses into vectors.

    Args:
        texts: clauses.

    Returns:
        One row of 256 numbers a clause, of length 1; zeros for an empty clause.
    """
    table, tokenizer = _loaded()
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, encoded in zip(rows, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True):
        if encoded.ids:
            row += table[np.asarray(encoded.ids) % len(table)].mean(axis=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-9)
