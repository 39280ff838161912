"""Reference numbers for gradient surgery: algorithm 1 of arXiv 2001.06782 in NumPy on explicit vectors, for
Tests/TaskGeometryTests/OrderTests.swift.

    python scripts/references/pcgrad.py
"""

import json
import pathlib

import numpy as np

target = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "TaskGeometryTests" / "References"
rng = np.random.default_rng(20200106782)


def surgery(gradients, orders):
    total = np.zeros_like(gradients[0])
    conflicts = 0
    for i, order in enumerate(orders):
        g = gradients[i].copy()
        for j in order:
            if j == i:
                continue
            product = g @ gradients[j]
            if product < 0:
                g = g - product / (gradients[j] @ gradients[j]) * gradients[j]
                conflicts += 1
        total += g
    return total, conflicts


cases = []
for tasks, size in [(2, 6), (2, 6), (3, 8), (4, 10), (6, 5)]:
    gradients = rng.normal(size=(tasks, size)).astype(np.float32).astype(np.float64)
    gradients *= 2.0 ** rng.integers(-3, 4, size=(tasks, 1))
    orders = [[int(j) for j in rng.permutation(tasks)] for _ in range(tasks)]
    total, conflicts = surgery(gradients, orders)
    cases.append({"gradients": gradients.tolist(), "orders": orders, "sum": total.tolist(), "conflicts": conflicts})

(target / "pcgrad.json").write_text(json.dumps(cases, indent=1) + "\n")
print([case["conflicts"] for case in cases])
