"""The evaluator beside CPython: loops, calls, lists, strings. Needs nothing but Python's standard library.

What is shown is processor time: on a busy machine that is what stays comparable.
"""

import os
import statistics
import sys
import tempfile

from processes import program, run

# Each job as (what it is, tvs, Python). Both print one result.
LANGUAGE = [
    (
        "loop of 10^7 additions",
        "fn job(n) {\n  s = 0\n  for i in range(n) { s += i }\n  s\n}\nprint(job(10_000_000))\n",
        "def job(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s\nprint(job(10_000_000))\n",
    ),
    (
        "fib(27) by recursion",
        "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nprint(fib(27))\n",
        "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(27))\n",
    ),
    (
        "list of 10^6 by appending",
        "fn job(n) {\n  xs = []\n  for i in range(n) { xs += [i] }\n  len(xs)\n}\nprint(job(1_000_000))\n",
        "def job(n):\n    xs = []\n    for i in range(n):\n        xs.append(i)\n    return len(xs)\nprint(job(1_000_000))\n",
    ),
    (
        "list of 10^6 by comprehension",
        "fn job(n) { sum([2 * x for x in range(n)]) }\nprint(job(1_000_000))\n",
        "def job(n):\n    return sum([2 * x for x in range(n)])\nprint(job(1_000_000))\n",
    ),
    (
        "list of 10^6 by map",
        "fn job(n) { len(map(range(n), x -> 2 * x)) }\nprint(job(1_000_000))\n",
        "def job(n):\n    return len(list(map(lambda x: 2 * x, range(n))))\nprint(job(1_000_000))\n",
    ),
    (
        "10^6 string appends",
        "fn job(n) {\n  s = \"\"\n  for i in range(n) { s += \"x\" }\n  len(s)\n}\nprint(job(1_000_000))\n",
        "def job(n):\n    s = \"\"\n    for i in range(n):\n        s += \"x\"\n    return len(s)\nprint(job(1_000_000))\n",
    ),
]


def main(rounds):
    tvs = program()
    python = os.environ.get("PYTHON", "/usr/bin/python3")
    print(f"seconds of processor time less that of an empty script, median of {rounds}; {run([python, '--version']).output}")
    print(f"{'job':32} {'tvs':>8} {'CPython':>8}   tvs / CPython")
    slower = False
    with tempfile.TemporaryDirectory() as folder:
        for name, ours, theirs in LANGUAGE:
            commands = []
            for command, text, ending in [(tvs, ours, "tvs"), (python, theirs, "py")]:
                path = os.path.join(folder, "job." + ending)
                with open(path, "w") as file:
                    file.write(text)
                commands.append([command, path])
            results = [run(command).output for command in commands]
            if results[0] != results[1]:
                sys.exit(f"scripts/bench: {name}: tvs gives {results[0]}, Python {results[1]}")
            nothing = os.path.join(folder, "empty")
            open(nothing, "w").close()
            empty = [[command[0], nothing] for command in commands]
            starts = [statistics.median(run(command).processor for _ in range(rounds)) for command in empty]
            pairs = [
                tuple(max(run(command).processor - start, 1e-3) for command, start in zip(commands, starts))
                for _ in range(rounds)
            ]
            ratios = sorted(ours / theirs for ours, theirs in pairs)
            ratio = statistics.median(ratios)
            slower = slower or ratio > 1
            print(
                f"{name:32} {statistics.median(p[0] for p in pairs):8.3f} {statistics.median(p[1] for p in pairs):8.3f}"
                f"   {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )
    return 1 if slower else 0
