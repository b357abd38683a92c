"""Writes what was learned as one small file: low-rank changes of the weights in whole numbers, and the heads."""
from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from bot.understanding.graph import Array

RANK = 64
"""Of the change of a matrix: what it loses in F1 is said in learning/README.md."""
LARGEST = 127


def factors(change: Array) -> tuple[Array, Array]:
    """Split a change of a matrix into the two factors that are kept of it.

    Args:
        change: rows x columns.

    Returns:
        Rows x `RANK` and `RANK` x columns; their product is the nearest to the change that there is of that rank.
    """
    left, strength, right = np.linalg.svd(change, full_matrices=False)
    root = np.sqrt(strength[:RANK])
    return left[:, :RANK] * root, right[:RANK] * root[:, None]


def pack(path: Path, base: dict[str, Array], trained: dict[str, Array], heads: dict[str, Array], labels: list[str],
         answers: list[str]) -> None:
    """Write the file that `bot.understanding.learned` reads.

    Args:
        path: where to.
        base: the published arrays by name.
        trained: the changed ones by the same names.
        heads: arrays of the heads by name.
        labels: names of the labels, in their order.
        answers: ids of the answers, in theirs.
    """
    kept: dict[str, np.ndarray] = {"labels": np.array(labels), "answers": np.array(answers)}
    kept |= {name: array.astype(np.float16) for name, array in heads.items()}
    for name, array in trained.items():
        if array.ndim == 1:
            kept[name] = array.astype(np.float16)
            continue
        left, right = factors((array - base[name]).T)
        for side, part, axis in (("left", left, 0), ("right", right, 1)):
            scale = np.abs(part).max(axis, keepdims=True) / LARGEST
            kept[f"{name}:{side}"] = np.round(part / scale).astype(np.int8)
            kept[f"{name}:{side}_scale"] = scale.astype(np.float16)
    # As numpy writes it, but packed as small as it goes.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, values in kept.items():
            with packed.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, values)
