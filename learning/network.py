"""The encoder and the heads in TensorFlow: the upper layers are trained, the lower ones stay as they were published."""
from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from bot.understanding.encoder import adapted
from bot.understanding.graph import HEADS, LAYERS, SHARED, WIDTH, Array

MATRICES = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "intermediate.dense", "output.dense")
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
DROPPED = 0.1
FIRST_BIAS = -6.0
"""Of each label at a word piece before training: most pieces speak for nothing."""


class Network(tf.Module):
    """What is trained.

    Args:
        weights: the published arrays by name.
        labels: how many labels of a message.
        answers: how many answers that a question may ask for.
    """

    def __init__(self, weights: dict[str, Array], labels: int, answers: int) -> None:
        super().__init__()
        self.layers: list[dict[str, tuple[tf.Variable, tf.Variable]]] = []
        for number in range(LAYERS):
            prefix, train = f"encoder.layer.{number}.", number >= SHARED
            self.layers.append({
                name: tuple(tf.Variable(weights[f"{prefix}{name}.{part}"].T, trainable=train)
                            for part in ("weight", "bias"))
                for name in (*MATRICES, *NORMS)
            })
        draw = np.random.RandomState(0)
        self.words = tf.constant(weights["embeddings.word_embeddings.weight"])
        self.places = tf.constant(weights["embeddings.position_embeddings.weight"]
                                  + weights["embeddings.token_type_embeddings.weight"][0])
        self.first = [tf.constant(weights[f"embeddings.LayerNorm.{part}"]) for part in ("weight", "bias")]

        def matrix(columns: int) -> tf.Variable:
            return tf.Variable(draw.randn(WIDTH, columns).astype(np.float32) * 0.02)

        self.heads = {
            "piece": matrix(labels), "piece_bias": tf.Variable(np.full(labels, FIRST_BIAS, np.float32)),
            "whole": matrix(labels), "bias": tf.Variable(np.zeros(labels, np.float32)),
            "scale": tf.Variable(np.ones(labels, np.float32)),
            "asks": matrix(answers), "asks_bias": tf.Variable(np.zeros(answers, np.float32)),
        }

    def resume(self, weights: dict[str, Array], kept: dict[str, Any]) -> None:
        """Take over what was learned before.

        Args:
            weights: the published arrays by name.
            kept: the arrays of a file that `packing.pack` wrote.
        """
        before = adapted(weights, kept)
        for number in range(SHARED, LAYERS):
            for name, (weight, bias) in self.layers[number].items():
                weight.assign(before[f"encoder.layer.{number}.{name}.weight"].T)
                bias.assign(before[f"encoder.layer.{number}.{name}.bias"])
        for name, variable in self.heads.items():
            variable.assign(kept[name].astype(np.float32))

    def learned(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Give the arrays of the trained layers by their published names, and those of the heads."""
        layers = {
            f"encoder.layer.{number}.{name}.{part}": variable.numpy().T
            for number in range(SHARED, LAYERS) for name, pair in self.layers[number].items()
            for part, variable in zip(("weight", "bias"), pair, strict=True)
        }
        return layers, {name: variable.numpy() for name, variable in self.heads.items()}

    @property
    def body(self) -> list[tf.Variable]:
        """The variables of the trained layers."""
        return [variable for layer in self.layers[SHARED:] for pair in layer.values() for variable in pair]

    def lower(self, ids: Any, there: Any) -> Any:
        """Work out what the frozen layers make of word pieces; `there` is 1 where a row has a piece."""
        x = tf.gather(self.words, ids) + self.places[None, : tf.shape(ids)[1]]
        return self._through(_normal(x, *self.first), there, range(SHARED), 0.0)

    def upper(self, x: Any, there: Any, dropped: float = 0.0) -> Any:
        """Go on with the trained layers."""
        return self._through(x, there, range(SHARED, LAYERS), dropped)

    def _through(self, x: Any, there: Any, which: range, dropped: float) -> Any:
        rows, size = tf.shape(x)[0], tf.shape(x)[1]
        away = (1.0 - there)[:, None, None, :] * -1e4

        def drop(y: Any) -> Any:
            return tf.nn.dropout(y, dropped) if dropped else y

        for layer in [self.layers[number] for number in which]:
            def heads(y: Any) -> Any:
                return tf.transpose(tf.reshape(y, [rows, size, HEADS, WIDTH // HEADS]), [0, 2, 1, 3])

            query, key, value = (heads(_linear(x, *layer[name])) for name in MATRICES[:3])
            scores = tf.matmul(query, key, transpose_b=True) / np.sqrt(np.float32(WIDTH // HEADS)) + away
            heard = tf.matmul(drop(tf.nn.softmax(scores)), value)
            heard = tf.reshape(tf.transpose(heard, [0, 2, 1, 3]), [rows, size, WIDTH])
            x = _normal(x + drop(_linear(heard, *layer[MATRICES[3]])), *layer[NORMS[0]])
            wide = tf.nn.gelu(_linear(x, *layer[MATRICES[4]]), approximate=True)
            x = _normal(x + drop(_linear(wide, *layer[MATRICES[5]])), *layer[NORMS[1]])
        return x

    def read(self, x: Any, there: Any) -> tuple[Any, Any, Any]:
        """Give the scores of each label at each word piece, of each label for the whole, and of each answer."""
        pieces = tf.linalg.matmul(x, self.heads["piece"]) + self.heads["piece_bias"]
        pooled = tf.reduce_logsumexp(pieces - (1.0 - there)[:, :, None] * 1e4, axis=1)
        mean = tf.reduce_sum(x * there[:, :, None], 1) / tf.reduce_sum(there, 1)[:, None]
        whole = self.heads["scale"] * pooled + tf.matmul(mean, self.heads["whole"]) + self.heads["bias"]
        return pieces, whole, tf.matmul(mean, self.heads["asks"]) + self.heads["asks_bias"]


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    return tf.linalg.matmul(x, weight) + bias


def _normal(x: Any, weight: Any, bias: Any) -> Any:
    mean = tf.reduce_mean(x, -1, keepdims=True)
    spread = tf.reduce_mean(tf.square(x - mean), -1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(spread + 1e-12) * weight + bias
