"""Reference numbers for Tests/TaskGeometryTests: principal angles from SciPy, ranks from NumPy, quadratures from mpmath
or SciPy. Run it with any Python that has numpy and scipy:

    python scripts/references/geometry.py
"""

import json
import pathlib

import numpy as np
from scipy import integrate, linalg, special, stats

target = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "TaskGeometryTests" / "References"
rng = np.random.default_rng(20260609)


def columns(matrix):
    """A float32 matrix as a list of columns of exactly representable numbers."""
    return [[float(x) for x in column] for column in np.asarray(matrix, dtype=np.float32).T]


def angle_case(name, u, v):
    u = np.asarray(u, dtype=np.float32).astype(np.float64)
    v = np.asarray(v, dtype=np.float32).astype(np.float64)
    angles = np.sort(linalg.subspace_angles(u, v))
    qu, qv = linalg.orth(u), linalg.orth(v)
    overlap = float(np.sum((qu.T @ qv) ** 2) / min(u.shape[1], v.shape[1]))
    x = np.asarray(rng.normal(size=u.shape[0]), dtype=np.float32).astype(np.float64)
    return {
        "name": name, "u": columns(u), "v": columns(v), "angles": [float(a) for a in angles], "overlap": overlap,
        "x": [float(a) for a in x], "capture": float(np.linalg.norm(qu.T @ x) / np.linalg.norm(x)),
    }


def rotated(d, angles):
    """Two subspaces with given principal angles, each spanned by vectors that are far from orthogonal."""
    k = len(angles)
    q = linalg.qr(rng.normal(size=(d, 2 * k)), mode="economic")[0]
    u, n = q[:, :k], q[:, k:]
    v = u * np.cos(angles) + n * np.sin(angles)
    return u @ rng.normal(size=(k, k)), v @ rng.normal(size=(k, k))


d = 48
common = rng.normal(size=(d, 2))
cases = [
    angle_case("generic 5 and 5", rng.normal(size=(d, 5)), rng.normal(size=(d, 5))),
    angle_case("generic 3 and 7", rng.normal(size=(d, 3)), rng.normal(size=(d, 7))),
    angle_case("lengths over ten decades", rng.normal(size=(d, 4)) * 10.0 ** np.array([-6, -2, 0, 4]),
               rng.normal(size=(d, 4))),
    angle_case("small angles", *rotated(d, np.array([1e-4, 1e-3, 1e-2, 0.1]))),
    angle_case("from small to right", *rotated(d, np.array([1e-3, 0.3, 0.8, np.pi / 2]))),
    angle_case("two directions in common", np.hstack([common, rng.normal(size=(d, 2))]),
               np.hstack([common, rng.normal(size=(d, 3))])),
]

ranks = []
for rank, k in [(3, 3), (3, 5), (1, 4), (6, 6), (5, 9)]:
    matrix = (rng.normal(size=(40, rank)) @ rng.normal(size=(rank, k))).astype(np.float32)
    unit = matrix.astype(np.float64) / np.linalg.norm(matrix.astype(np.float64), axis=0)
    values = np.linalg.svd(unit, compute_uv=False)
    ranks.append({
        "columns": columns(matrix),
        "rank": int(np.linalg.matrix_rank(unit, tol=1e-6 * values[0])),
        "smallest": float(values[rank - 1] / values[0]),
    })


def emax(n):
    f = lambda x: x * n * stats.norm.pdf(x) * np.exp((n - 1) * special.log_ndtr(x))
    return float(integrate.quad(f, -12, 14, limit=400, epsabs=1e-13, epsrel=1e-12, points=[0, 2, 4])[0])


def emax_square(n):
    f = lambda x: x * x * n * stats.norm.pdf(x) * np.exp((n - 1) * special.log_ndtr(x))
    return float(integrate.quad(f, -12, 14, limit=400, epsabs=1e-13, epsrel=1e-12, points=[0, 2, 4])[0])


def spheremax(n, r):
    if r == 1:
        return 1 - 2 * 0.5**n
    beta = stats.beta((r - 1) / 2, (r - 1) / 2)
    f = lambda t: beta.cdf((t + 1) / 2) ** n
    parts = np.linspace(-1, 1, 41)
    return float(1 - sum(integrate.quad(f, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in zip(parts, parts[1:])))


theory = {
    "emax": [{"n": n, "value": emax(n)} for n in [1, 2, 3, 8, 30, 100, 1000, 5000, 100000]],
    "emaxSquare": [{"n": n, "value": emax_square(n)} for n in [1, 2, 8, 30, 100, 200, 5000, 100000]],
    "spheremax": [{"n": n, "r": r, "value": spheremax(n, r)}
                  for n, r in [(1, 5), (100, 1), (100, 2), (100, 3), (100, 4), (100, 8), (100, 10), (100, 16), (100, 64),
                               (5000, 10), (5000, 512), (10, 4096)]],
}

target.mkdir(parents=True, exist_ok=True)
(target / "geometry.json").write_text(json.dumps({"angles": cases, "ranks": ranks, "theory": theory}))
