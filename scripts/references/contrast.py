"""Makes contrast vectors with repeng and scikit-learn, and a control vector file with repeng's gguf writer, for
Tests/SteeringTests to compare with.

    python -m venv /tmp/ref && /tmp/ref/bin/pip install torch transformers gguf safetensors scikit-learn cloudpickle loguru
    /tmp/ref/bin/pip install --no-deps repeng
    /tmp/ref/bin/python scripts/references/contrast.py

`contrast.safetensors` has, for matrices of numbers (`tall`: more pairs than columns, `wide`: fewer) and for the residual
stream behind every block of the tiny models of scripts/references/models.py (`MODEL.N`, read by forward hooks at the last
token): `positive`, `negative`, `mean`, repeng's `pca_diff` and `pca_center`, and scikit-learn's `logistic` direction. The
models' pairs are `MODEL.tokens`, positive sequences first. `repeng.gguf` is what repeng's export_gguf writes.
"""

import pathlib

import numpy as np

np.float_ = np.float64  # repeng 0.4 asks NumPy 2 for a name that is gone.

import torch
from repeng import extract
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForCausalLM
from transformers.tokenization_utils_base import BatchEncoding

ROOT = pathlib.Path(__file__).parents[2] / "Tests"
MODELS = ROOT / "ModelFilesTests/References/models"
OUT = ROOT / "SteeringTests/References"
NAMES = ["gpt2", "llama", "olmo2"]
PAIRS, LENGTH = 14, 6


class Ids:
    """A tokenizer of numbers that are written out, all texts of one length."""

    def __call__(self, texts, padding=True, return_tensors="pt"):
        ids = torch.tensor([[int(word) for word in text.split()] for text in texts])
        return BatchEncoding({"input_ids": ids, "attention_mask": torch.ones_like(ids)})


def logistic(positive, negative):
    x = np.concatenate([positive, negative]).astype(np.float64)
    y = np.array([1] * len(positive) + [0] * len(negative))
    w = LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000).fit(x, y).coef_[0]
    return w / np.linalg.norm(w)


def directions(positive, negative, pca):
    """`pca` maps repeng's method to its direction."""
    return {
        "positive": positive, "negative": negative,
        "mean": (positive.astype(np.float64) - negative).mean(0), "logistic": logistic(positive, negative),
        "pca_diff": pca["pca_diff"], "pca_center": pca["pca_center"],
    }


def matrices(pairs, width, rng):
    base = rng.normal(size=(pairs, width)) * np.linspace(3, 0.5, width)
    effect = rng.normal(size=width)
    noise = rng.normal(size=(pairs, width)) * np.linspace(0.3, 1.2, width)
    positive = (base + 0.6 * effect + noise).astype(np.float32)
    negative = (base - 0.6 * effect).astype(np.float32)
    return positive, negative


class Config:
    num_hidden_layers = 2
    model_type = "none"


def repeng_of(hidden):
    """repeng's directions for activations that were read already: hidden[layer] interleaves positive and negative."""
    found = {}
    entries = [extract.DatasetEntry(str(i), str(i)) for i in range(len(next(iter(hidden.values()))) // 2)]
    read, layers = extract.batched_get_hiddens, extract.model_layer_list
    extract.batched_get_hiddens = lambda *rest: None
    extract.model_layer_list = lambda model: list(hidden)
    model = type("Model", (), {"config": Config})()
    for method in ("pca_diff", "pca_center"):
        copies = {layer: h.copy() for layer, h in hidden.items()}
        found[method] = extract.read_representations(
            model, None, entries, hidden_layers=list(hidden), method=method, transform_hiddens=lambda _: copies)
    extract.batched_get_hiddens, extract.model_layer_list = read, layers
    return {layer: {method: found[method][layer] for method in found} for layer in hidden}


def interleaved(positive, negative):
    return np.stack([positive, negative], 1).reshape(2 * len(positive), -1)


def blocks(model):
    return model.transformer.h if hasattr(model, "transformer") else model.model.layers


def residuals(model, tokens):
    """The output of every block at the last token."""
    found = {}
    hooks = [
        block.register_forward_hook(lambda _, args, out, layer=layer: found.__setitem__(
            layer, (out[0] if isinstance(out, tuple) else out)[:, -1].float().numpy()))
        for layer, block in enumerate(blocks(model))
    ]
    with torch.no_grad():
        model(tokens)
    for hook in hooks:
        hook.remove()
    return found


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    numbers = {}

    def keep(prefix, values):
        for name, value in values.items():
            numbers[f"{prefix}.{name}"] = np.ascontiguousarray(value, dtype=np.float32)

    for name, (pairs, width) in {"tall": (24, 9), "wide": (11, 30)}.items():
        positive, negative = matrices(pairs, width, rng)
        keep(name, directions(positive, negative, repeng_of({1: interleaved(positive, negative)})[1]))
    for name in NAMES:
        model = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32).eval()
        prompts = rng.integers(3, 48, size=(PAIRS, LENGTH))
        tokens = np.concatenate([np.c_[prompts, np.full(PAIRS, 7)], np.c_[prompts, np.full(PAIRS, 11)]])
        hidden = residuals(model, torch.tensor(tokens))
        found = repeng_of({layer: interleaved(h[:PAIRS], h[PAIRS:]) for layer, h in hidden.items()})
        numbers[f"{name}.tokens"] = tokens.astype(np.float32)
        for layer, h in hidden.items():
            keep(f"{name}.{layer}", directions(h[:PAIRS], h[PAIRS:], found[layer]))
    save_file(numbers, OUT / "contrast.safetensors")
    vector = extract.ControlVector("llama", {
        layer: rng.normal(size=6).astype(np.float32) for layer in (1, 2, 3)})
    vector.export_gguf(OUT / "repeng.gguf")
    save_file({f"direction.{layer}": values for layer, values in vector.directions.items()}, OUT / "repeng.safetensors")
    print(sum(v.nbytes for v in numbers.values()), "bytes of numbers")


main()
