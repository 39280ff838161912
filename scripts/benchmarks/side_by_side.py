"""tvs and the Python stack, job by job: preparation, turns, agreement, the table."""

import json
import math
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
from typing import NamedTuple, Optional

from processes import ROOT, program, run

HERE = pathlib.Path(__file__).parent
RECORDED = HERE / "recorded.json"
PACKAGES = ["torch==2.15.0", "transformers==5.24.0", "peft==0.21.2", "numpy==2.4.6", "scipy==1.17.1"]
# Below this share of the recorded ratio --check fails.
LOWEST = 0.9


class Job(NamedTuple):
    name: str
    what: str
    goal: float  # times faster
    times: int  # how often a process does it after once to warm up
    operations: Optional[float] = None  # multiplications and additions of one piece of work, to compare with the peak
    memory: bool = False  # whether its peak memory has a goal, 0.6 of the other side's


def decoder_operations(layers, width, inner, vocabulary, length, sequences, passes):
    """Operations of a decoder's products; attention counts what lies below the diagonal.

    `passes` is 1 for a forward pass, 2 with gradients of activations, 3 with those of weights too.
    """
    weights = layers * (4 * width * width + 2 * width * inner) + width * vocabulary
    attention = layers * 2 * width * (length + 1) / 2
    return 2 * passes * sequences * length * (weights + attention)


def smol_operations(length, sequences, head=True):
    """The same for SmolLM2: 30 layers of width 576 with 9 heads on 3, a gated MLP of 1536."""
    layer = 2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536
    return 2 * sequences * length * (30 * (layer + 2 * 576 * (length + 1) / 2) + (576 * 49152 if head else 0))


SMALL = (4, 128, 512, 256, 32)
GPT2 = (768, 3072, 50257)
JOBS = [
    Job("decoder-64", "training step, decoder of 830,208 weights, 64 × 32 tokens", 1.8, 10,
        decoder_operations(*SMALL, 64, 3), memory=True),
    Job("decoder-16", "the same, 16 × 32 tokens", 2.5, 20, decoder_operations(*SMALL, 16, 3), memory=True),
    Job("perturbation", "scoring a random perturbation of it, 16 × 32 tokens", 2.5, 3,
        decoder_operations(*SMALL, 16, 1), memory=True),
    Job("lora-candidates", "scoring a LoRA candidate, GPT-2 size, 8 × 64 tokens", 2, 1,
        decoder_operations(12, *GPT2, 64, 8, 1), memory=True),
    Job("lora-12", "LoRA training step, GPT-2 size, 12 layers, 4 × 128 tokens", 1.7, 2,
        decoder_operations(12, *GPT2, 128, 4, 2), memory=True),
    Job("lora-6", "the same, 6 layers", 1.7, 2, decoder_operations(6, *GPT2, 128, 4, 2), memory=True),
    Job("forward-512", "SmolLM2, logits of 1 × 512 tokens", 1.4, 3, smol_operations(512, 1), memory=True),
    Job("forward-16x64", "SmolLM2, loss of 16 × 64 tokens", 1.4, 3, smol_operations(64, 16), memory=True),
    Job("generation", "SmolLM2, 128 tokens, greedy", 2, 2, 2 * 128 * (30 * 3538944 + 576 * 49152)),
    Job("activations", "SmolLM2, activations of 32 × 64 tokens at all layers", 1.4, 3, smol_operations(64, 32, head=False)),
    Job("basis", "basis of 100 steps × 534,528 and a projection", 30, 2),
    Job("plane", "top 16 directions of 32 gradients × 534,528", 20, 5),
    Job("angles", "principal angles, 16 and 16 directions in 534,528", 10, 5),
    Job("start", "start to the first result", 30, 1),
]


def main(options):
    if options.list:
        for job in JOBS:
            print(f"{job.name:16} {job.what}")
        return 0
    names = [job.name for job in JOBS]
    unknown = [name for name in options.jobs if name not in names]
    if unknown:
        sys.exit(f"scripts/bench: there is no job {unknown[0]}; there are language, {', '.join(names)}")
    bench = Bench(options)
    results = {}
    print(f"median of {options.rounds} turns, {options.threads} threads each; {bench.versions()}", flush=True)
    peak = bench.peak()
    print(f"oneDNN's product reaches {peak / 1e9:.0f} GFLOP/s here\n")
    print("| job | tvs | theirs | times faster (spread) | goal | peak memory, tvs | theirs | of oneDNN's peak |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for job in JOBS:
        if not options.jobs or job.name in options.jobs:
            result = bench.measure(job, peak)
            results[job.name] = result["ratio"]
            print(result["row"], flush=True)
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    here = processor()
    if options.record:
        recorded.setdefault(here, {}).update((name, round(ratio, 2)) for name, ratio in results.items())
        RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")
    if not options.check:
        return 0
    if here not in recorded:
        sys.exit(f"scripts/bench: nothing is recorded for {here}; --record keeps what is measured now")
    return check(results, recorded[here])


def processor():
    """What this machine computes with: ratios differ by half between processors, since PyTorch's library favours some."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields['cpu family']}, model {fields['model']})" if "cpu family" in fields else name


def check(results, recorded):
    slower = [name for name, ratio in results.items() if ratio < LOWEST * recorded.get(name, 0)]
    for name in slower:
        print(f"scripts/bench: {name} was {recorded[name]} times faster and is {results[name]:.2f}", file=sys.stderr)
    return 1 if slower else 0


class Bench:
    """Both sides, ready to be given jobs."""

    def __init__(self, options):
        self.rounds = options.rounds
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tvs" / "bench"
        self.folder = cache / "models"
        count = str(options.threads)
        self.environment = {
            "TVS_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count,
            "TVS_LIBRARY": os.environ.get("TVS_LIBRARY", ROOT), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        }
        self.tvs = program()
        self.python = self.interpreter(cache)
        self.prepare()

    def interpreter(self, cache):
        """A Python with the packages, made where there is none."""
        if "TVS_BENCH_PYTHON" in os.environ:
            return os.environ["TVS_BENCH_PYTHON"]
        python = cache / "python" / "bin" / "python"
        stamp = cache / "python" / "packages.txt"
        if not stamp.exists() or stamp.read_text() != "\n".join(PACKAGES):
            print(f"scripts/bench: installing {', '.join(PACKAGES)} into {cache}/python, about 6 GB", file=sys.stderr)
            shutil.rmtree(cache / "python", ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", cache / "python"], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
            stamp.write_text("\n".join(PACKAGES))
        return str(python)

    def prepare(self):
        """Writes models and texts, once. The folder gets its name when it is complete."""
        if self.folder.exists():
            return
        print(f"scripts/bench: writing models and texts to {self.folder}, about 1.5 GB", file=sys.stderr)
        unfinished = self.folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        run([self.tvs, "fetch", "smollm2"])
        run([self.python, str(HERE / "theirs.py"), "prepare", str(unfinished)], self.environment)
        run([self.tvs, str(HERE / "prepare.tvs"), str(unfinished)], self.environment)
        unfinished.rename(self.folder)

    def versions(self):
        names = ["torch", "transformers", "peft", "numpy", "scipy"]
        code = f"from importlib.metadata import version; print(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
        return run([self.python, "-c", code]).output

    def commands(self, job):
        if job.name == "start":
            return [self.tvs, "-e", "1 + 1"], [self.python, "-c", "import torch"]
        rest = [job.name, str(self.folder), str(job.times)]
        return [self.tvs, str(HERE / "ours.tvs"), *rest], [self.python, str(HERE / "theirs.py"), *rest]

    def peak(self):
        """The rate of oneDNN's matrix product on this machine now, in operations a second."""
        command = [self.tvs, str(HERE / "ours.tvs"), "peak", str(self.folder), "0"]
        return json.loads(run(command, self.environment).output.splitlines()[-1])["result"]["rate"]

    def measure(self, job, peak):
        """Lets both sides take turns."""
        turns = []
        for _ in range(self.rounds):
            runs = [run(command, self.environment) for command in self.commands(job)]
            if job.name == "start":
                seconds = [r.wall for r in runs]
            else:
                said = [json.loads(r.output.splitlines()[-1]) for r in runs]
                disagreement = differ(said[0]["result"], said[1]["result"])
                if disagreement:
                    sys.exit(f"scripts/bench: {job.name}: the two sides do not agree: {disagreement}")
                seconds = [statistics.median(s["seconds"]) for s in said]
            turns.append((seconds, [r.peak for r in runs]))
        ours, theirs = (statistics.median(seconds[side] for seconds, _ in turns) for side in (0, 1))
        memory = [max(peaks[side] for _, peaks in turns) for side in (0, 1)]
        ratios = sorted(seconds[1] / seconds[0] for seconds, _ in turns)
        ratio = statistics.median(ratios)
        share = f"{job.operations / ours / peak:.0%}" if job.operations else ""
        fits = "" if not job.memory else " ✓" if memory[0] <= 0.6 * memory[1] else " ✗"
        row = (
            f"| {job.what} | {brief(ours)} | {brief(theirs)} | {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
            f"| {job.goal:g} {'✓' if ratio >= job.goal else '✗'} | {memory[0] / 2**20:.0f} MB{fits} "
            f"| {memory[1] / 2**20:.0f} MB | {share} |")
        return {"ratio": ratio, "row": row}


def differ(ours, theirs, where="result"):
    """Where two results differ by more than float32 arithmetic in another order explains; nil where they agree."""
    if isinstance(ours, dict):
        return next((d for key in ours if (d := differ(ours[key], theirs[key], f"{where}.{key}"))), None)
    if isinstance(ours, list):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((d for i, (a, b) in pairs if (d := differ(a, b, f"{where}[{i}]"))), None)
    if isinstance(ours, str):
        return None if ours == theirs else f"{where}: {ours!r} and {theirs!r}"
    close = math.isclose(ours, theirs, rel_tol=1e-3, abs_tol=2e-3)
    return None if close else f"{where}: {ours} and {theirs}"


def brief(seconds):
    """Three significant digits in a unit that suits."""
    value, unit = (seconds, "s") if seconds >= 1 else (seconds * 1e3, "ms")
    return f"{value:.3g} {unit}"
