"""Writes what NumPy makes of the cases in Tests/TensorsTests, and files in the formats that tvs reads.

Run from the repository root: python scripts/references/tensors.py. Needs numpy and safetensors.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

folder = pathlib.Path("Tests/TensorsTests/References")
folder.mkdir(parents=True, exist_ok=True)


class Random:
    """Numbers of three decimals, so that the file stays small."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def normal(self, **options):
        return self.generator.normal(**options).round(3)

    def uniform(self, *range, **options):
        return self.generator.uniform(*range, **options).round(3)


random = Random(2026)


def pack(x):
    x = np.asarray(x, dtype=np.float64)
    return {"shape": list(x.shape), "data": [float(f"{v:.17g}") if np.isfinite(v) else str(v) for v in x.ravel()]}


cases = []


def case(name, inputs, output, **options):
    cases.append({"name": name, "inputs": [pack(x) for x in inputs], "output": pack(output), "options": options})


a = random.normal(size=(3, 4))
b = random.normal(size=(4,))
c = random.normal(size=(3, 1))
d = random.normal(size=(2, 3, 5))
positive = random.uniform(0.1, 3, size=(2, 35))
wide = random.normal(size=(2, 35)) * 3

for name, f in {
    "abs": np.abs, "exp": np.exp, "sin": np.sin, "cos": np.cos, "tan": np.tan, "floor": np.floor, "ceil": np.ceil,
    "round": np.round, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "sign": np.sign,
    "relu": lambda x: np.maximum(x, 0),
}.items():
    case("unary", [wide], f(wide), function=name)
for name, f in {"sqrt": np.sqrt, "log": np.log}.items():
    case("unary", [positive], f(positive), function=name)
for name, f in {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.mod,
                "minimum": np.minimum, "maximum": np.maximum}.items():
    case("binary", [a, b], f(a, b), function=name)
    case("binary", [c, a], f(c, a), function=name)
    case("binary", [c, b], f(c, b), function=name)
    case("binary", [d, d[:, :1, :]], f(d, d[:, :1, :]), function=name)
case("binary", [np.abs(a), b], np.abs(a) ** b, function="^")
case("binary", [a, np.array(3.0)], a**3, function="^")
case("binary", [a, np.array(2.0)], a**2, function="^")
for name, f in {"==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
                ">=": np.greater_equal}.items():
    x, y = np.array([1.0, 2.0, np.nan, 3.0]), np.array([[1.0], [3.0]])
    case("comparison", [x, y], f(x, y), function=name)
for axis in range(3):
    for name, f in {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max,
                    "std": np.std, "var": np.var, "median": np.median,
                    "norm": lambda x, axis: np.linalg.norm(x, axis=axis)}.items():
        case("reduction", [d], f(d, axis=axis), function=name, axis=axis)
    case("argmax", [d], np.argmax(d, axis=axis), axis=axis)
    case("argmin", [d], np.argmin(d, axis=axis), axis=axis)
    case("cumsum", [d], np.cumsum(d, axis=axis), axis=axis)
    case("sort", [d], np.sort(d, axis=axis), axis=axis)
    case("argsort", [d], np.argsort(d, axis=axis, kind="stable"), axis=axis)
    case("quantile", [d], np.moveaxis(np.quantile(d, [0.1, 0.5, 0.9], axis=axis), 0, axis), axis=axis)
    e = np.exp(d - d.max(axis=axis, keepdims=True))
    case("softmax", [d], e / e.sum(axis=axis, keepdims=True), axis=axis)
case("transpose", [d], d.T, order=[2, 1, 0])
case("transpose", [d], np.transpose(d, (1, 0, 2)), order=[1, 0, 2])
case("concat", [d, d[:, :2]], np.concatenate([d, d[:, :2]], axis=1), axis=1)
case("stack", [a, a + 1], np.stack([a, a + 1], axis=1), axis=1)
p, q = random.normal(size=(2, 3, 4)), random.normal(size=(4, 2))
case("matmul", [p, q], p @ q)
case("matmul", [p[0], p[1].T], p[0] @ p[1].T)
case("matmul", [p, b], p @ b)
case("matmul", [b, q], b @ q)
case("matmul", [b, b], b @ b)
case("matmul", [p, np.transpose(p, (0, 2, 1))], p @ np.transpose(p, (0, 2, 1)))
case("matmul", [p[:, None], np.transpose(p, (0, 2, 1))[None]], p[:, None] @ np.transpose(p, (0, 2, 1))[None])

# Indices in the notation of the test: an integer, [from, to, step] with nulls, or {"list": …}.
x = np.arange(60.0).reshape(3, 4, 5)
for index, value in [
    ([1], x[1]), ([-1, 2], x[-1, 2]), ([[None, None, None], 0], x[:, 0]), ([[1, None, None]], x[1:]),
    ([[None, None, -1]], x[::-1]), ([0, [3, 0, -2], [-2, None, None]], x[0, 3:0:-2, -2:]),
    ([{"list": [2, 0, 2]}], x[[2, 0, 2]]), ([[None, None, None], {"list": [1, -1]}], x[:, [1, -1]]),
    ([{"list": [0, 1]}, {"list": [3, 2]}], x[[0, 1], [3, 2]]),
    ([{"list": [0, 1]}, [None, None, None], {"list": [3, 2]}], x[[0, 1], :, [3, 2]]),
    ([1, {"list": [0, 0]}, [0, 3, 2]], x[1, [0, 0], 0:3:2]), ([[5, 9, None]], x[5:9]), ([[2, 1, None]], x[2:1]),
    ([[None, None, None], [None, None, None], {"list": [4]}], x[:, :, [4]]), ([0, 1, 2], x[0, 1, 2]),
]:
    case("index", [x], value, index=index)

m = random.normal(size=(5, 5))
symmetric = m + m.T
definite = m @ m.T + np.eye(5)
tall = random.normal(size=(7, 4))
rhs = random.normal(size=(5, 2))
rhs7 = random.normal(size=(7, 2))
case("eigvals", [symmetric], np.linalg.eigvalsh(symmetric))
for matrix in (tall, tall.T, m):
    case("svdvals", [matrix], np.linalg.svd(matrix, compute_uv=False))
    case("qr-r", [matrix], np.abs(np.linalg.qr(matrix)[1]))
case("cholesky", [definite], np.linalg.cholesky(definite))
case("solve", [m, rhs], np.linalg.solve(m, rhs))
case("lstsq", [tall, rhs7], np.linalg.lstsq(tall, rhs7, rcond=None)[0])
case("lstsq", [tall.T, rhs[:4]], np.linalg.lstsq(tall.T, rhs[:4], rcond=None)[0])
case("inv", [m], np.linalg.inv(m))
case("det", [m], np.linalg.det(m))
case("det", [m[[1, 0, 2, 3, 4]]], np.linalg.det(m[[1, 0, 2, 3, 4]]))

(folder / "numpy.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")

grid = np.arange(12.0).reshape(3, 4) / 8
np.save(folder / "float64.npy", grid)
np.save(folder / "float32.npy", grid.astype(np.float32))
np.save(folder / "float16.npy", np.array([0, -0.5, 65504, 6e-8, np.inf], dtype=np.float16))
np.save(folder / "fortran.npy", np.asfortranarray(grid))
np.save(folder / "big-endian.npy", grid.astype(">f8"))
np.save(folder / "int32.npy", np.array([[1, -2], [3, 4]], dtype=np.int32))
np.save(folder / "bool.npy", np.array([True, False, True]))
np.save(folder / "scalar.npy", np.float64(2.5))
np.savez(folder / "stored.npz", grid=grid, line=np.arange(5, dtype=np.float32))
np.savez_compressed(folder / "deflated.npz", grid=np.tile(grid, (20, 1)), noise=random.normal(size=500))
save_file({"w": grid.astype(np.float32), "b": np.array([1.0, 2.0]), "steps": np.array([7], dtype=np.int64)},
          folder / "numpy.safetensors", metadata={"made": "by \"numpy\""})
