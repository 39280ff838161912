"""The jobs of scripts/bench on the other side: PyTorch, transformers, peft, NumPy and SciPy; ours.tvs has the same names.

    python theirs.py JOB FOLDER TIMES    does a job once to warm up, then TIMES times, and prints its seconds as JSON
    python theirs.py prepare FOLDER      writes GPT-2-sized models with random weights, and texts

A job is a function that gives (work, per, result): what is timed, how many pieces of work one call does, and numbers that
the other side must give too. Each is written as someone who cares for speed would write it with these libraries.
"""

import json
import os
import pathlib
import random
import sys
import time

import numpy as np


def main(arguments):
    job, folder = arguments[0], pathlib.Path(arguments[1])
    if job == "prepare":
        return prepare(folder)
    work, per, result = JOBS[job](folder)
    getattr(work, "warm_up", work)()
    seconds = []
    for _ in range(int(arguments[2])):
        begun = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - begun) / per)
    print(json.dumps({"seconds": seconds, "result": result()}))


# ---- Texts and models for both sides


def prepare(folder):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    words = "the of and a to in is you that it he was for on are as with his they at be this have from or one had by".split()
    draw = random.Random(1)
    long = " ".join(draw.choice(words) for _ in range(20_000))
    (folder / "long.txt").write_text(long)
    # Exactly as many bytes as windows need: a model that reads bytes has each window in every batch.
    for name, count, length in [
        ("decoder-64", 64, 32), ("decoder-16", 16, 32), ("gpt2-8x64", 8, 64), ("gpt2-4x128", 4, 128)
    ]:
        (folder / f"{name}.txt").write_text(long[: count * (length + 1)])
    torch.manual_seed(1)
    for layers in (6, 12):
        config = GPT2Config(n_layer=layers, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
        GPT2LMHeadModel(config).save_pretrained(folder / f"gpt2-{layers}")
        (folder / f"gpt2-{layers}" / "tokenizer.json").write_text(json.dumps(byte_tokenizer(config.vocab_size)))


def byte_tokenizer(size):
    """A tokenizer of one token a byte beside as many others as GPT-2's has, which no text contains."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    characters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}
    vocabulary = {characters[b]: b for b in range(256)} | {f"unused{i}": i for i in range(256, size)}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": level, "post_processor": None, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []},
    }


def windows(folder, name, tokens):
    """Non-overlapping windows of bytes as inputs and targets."""
    import torch

    data = np.frombuffer((folder / f"{name}.txt").read_bytes(), dtype=np.uint8).astype(np.int64)
    data = torch.from_numpy(data).view(-1, tokens + 1)
    return data[:, :-1].contiguous(), data[:, 1:].contiguous()


# ---- The decoder that is trained from nothing


def decoder(folder, name="decoder"):
    """GPT-2's block in plain modules, which is faster than that of transformers, over one flat buffer of weights."""
    import torch
    from safetensors.torch import load_file
    from torch import nn
    from torch.nn import functional as F

    class Block(nn.Module):
        def __init__(self, width, heads, inner):
            super().__init__()
            self.heads = heads
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.c_fc, self.mlp_proj = nn.Linear(width, inner), nn.Linear(inner, width)

        def forward(self, x):
            batch, length, width = x.shape
            heads = self.c_attn(self.ln_1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
            x = x + self.c_proj(mixed.transpose(1, 2).reshape(x.shape))
            return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))

    class Decoder(nn.Module):
        def __init__(self, config):
            super().__init__()
            width = config["n_embd"]
            self.wte = nn.Embedding(config["vocab_size"], width)
            self.wpe = nn.Embedding(config["n_positions"], width)
            inner = config.get("n_inner") or 4 * width
            self.h = nn.ModuleList(Block(width, config["n_head"], inner) for _ in range(config["n_layer"]))
            self.ln_f = nn.LayerNorm(width)

        def forward(self, tokens, targets):
            x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
            for block in self.h:
                x = block(x)
            return F.cross_entropy(F.linear(self.ln_f(x), self.wte.weight).flatten(0, 1), targets.flatten())

    model = Decoder(json.loads((folder / name / "config.json").read_text()))
    weights = {}
    for key, value in load_file(folder / name / "model.safetensors").items():
        key = key.removeprefix("transformer.").replace(".mlp.c_proj", ".mlp_proj").replace(".mlp.", ".").replace(".attn.", ".")
        weights[key] = value.T if value.dim() == 2 and key.startswith("h.") else value
    model.load_state_dict({key: value for key, value in weights.items() if key != "lm_head.weight"})
    flat = torch.cat([p.detach().flatten() for p in model.parameters()])
    position = 0
    for p in model.parameters():
        p.data = flat[position : position + p.numel()].view(p.shape)
        position += p.numel()
    return model, flat


def steps_of(model, parameters, forward, steps):
    """AdamW as torch has it by default but fused, gradients clipped to 1: the settings of tvs."""
    import torch

    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        forward().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


def decoder_step(batch):
    def job(folder):
        import torch

        steps = 10
        model, flat = decoder(folder)
        start = flat.clone()
        tokens, targets = windows(folder, f"decoder-{batch}", 32)

        def work():
            flat.copy_(start)
            steps_of(model, list(model.parameters()), lambda: model(tokens, targets), steps)

        def result():
            work()
            with torch.inference_mode():
                return {"loss": model(tokens, targets).item()}

        return work, steps, result

    return job


def perturbation(folder):
    import torch

    model, flat = decoder(folder)
    base = flat.clone()
    noise = torch.empty_like(flat)
    tokens, targets = windows(folder, "decoder-16", 32)

    @torch.inference_mode()
    def work():
        losses = []
        for index in range(200):
            torch.manual_seed(index)
            torch.add(base, noise.normal_(), alpha=1e-3, out=flat)
            losses.append(model(tokens, targets).item())
        flat.copy_(base)

    def result():
        other, _ = decoder(folder, "decoder-perturbed")
        with torch.inference_mode():
            return {"base": model(tokens, targets).item(), "perturbed": other(tokens, targets).item()}

    return work, 200, result


# ---- Adapters on a model of the size of GPT-2


def adapted(folder, layers, adapter):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / f"gpt2-{layers}", dtype=torch.float32)
    model = PeftModel.from_pretrained(model, folder / adapter, is_trainable=True)
    factors = [p for name, p in model.named_parameters() if "lora_" in name]
    return model, factors


def loss_of(model, tokens, targets):
    from torch.nn import functional as F

    return F.cross_entropy(model(tokens, use_cache=False).logits.flatten(0, 1), targets.flatten())


def lora_step(layers):
    def job(folder):
        import torch

        steps = 2
        model, factors = adapted(folder, layers, f"adapter-{layers}")
        start = [p.detach().clone() for p in factors]
        tokens, targets = windows(folder, "gpt2-4x128", 128)

        def work():
            with torch.no_grad():
                for p, value in zip(factors, start):
                    p.copy_(value)
            steps_of(model, factors, lambda: loss_of(model, tokens, targets), steps)

        def result():
            work()
            with torch.inference_mode():
                return {"loss": loss_of(model, tokens, targets).item()}

        return work, steps, result

    return job


def lora_candidates(folder):
    import torch

    model, factors = adapted(folder, 12, "adapter-12")
    base = [p.detach().clone() for p in factors]
    tokens, targets = windows(folder, "gpt2-8x64", 64)

    @torch.inference_mode()
    def work(count=64):
        for index in range(count):
            torch.manual_seed(index)
            for p, value in zip(factors, base):
                torch.add(value, torch.randn_like(value), alpha=1e-2, out=p.data)
            loss_of(model, tokens, targets).item()
        for p, value in zip(factors, base):
            p.data.copy_(value)

    def result():
        other, _ = adapted(folder, 12, "adapter-perturbed")
        with torch.inference_mode():
            return {
                "base": loss_of(model, tokens, targets).item(), "perturbed": loss_of(other, tokens, targets).item()
            }

    work.warm_up = lambda: work(2)
    return work, 64, result


# ---- SmolLM2


def smollm2(folder):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / "smollm2", dtype=torch.float32).eval()
    return model, torch.tensor(json.loads((folder / "smollm2-tokens.json").read_text()))


def forward_one(folder):
    import torch

    model, tokens = smollm2(folder)
    tokens = tokens[None, :512]

    @torch.inference_mode()
    def work():
        return model(tokens, use_cache=False).logits

    return work, 1, lambda: {"last": work()[0, 511, :8].tolist()}


def forward_many(folder):
    import torch

    model, tokens = smollm2(folder)
    tokens = tokens[: 16 * 65].view(16, 65)

    @torch.inference_mode()
    def work():
        return loss_of(model, tokens[:, :-1], tokens[:, 1:])

    return work, 1, lambda: {"loss": work().item()}


def generation(folder):
    import torch
    from transformers import AutoTokenizer

    model, _ = smollm2(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder / "smollm2")
    prompt = tokenizer("Write a long story about a lighthouse keeper.\n\nOnce upon a time", return_tensors="pt")

    @torch.inference_mode()
    def work():
        return model.generate(**prompt, do_sample=False, max_new_tokens=128)

    return work, 1, lambda: {"text": tokenizer.decode(work()[0, prompt["input_ids"].shape[1] :])}


def activations(folder):
    import torch

    model, tokens = smollm2(folder)
    tokens = tokens[: 32 * 64].view(32, 64)
    kept = []
    for layer in model.model.layers:
        layer.register_forward_hook(
            lambda _, __, output: kept.append((output[0] if isinstance(output, tuple) else output)[:, -1].clone())
        )

    @torch.inference_mode()
    def work():
        kept.clear()
        model.model(tokens, use_cache=False)
        return torch.stack(kept)

    return work, 1, lambda: {"norms": [x.norm().item() for x in work()[[0, 10, 20, 29]]]}


# ---- Geometry


def positions(folder):
    from safetensors.numpy import load_file

    files = sorted(folder.glob("run-*.safetensors"), key=lambda path: int(path.stem.removeprefix("run-")))
    weights = [load_file(path) for path in files]
    return np.stack([np.concatenate([w[key].ravel() for key in sorted(w)]) for w in weights])


def basis(folder):
    thetas = positions(folder)
    steps = np.ascontiguousarray(np.diff(thetas, axis=0)[:100].T)
    later = thetas[120] - thetas[100]

    def work():
        q, _ = np.linalg.qr(steps)
        return np.linalg.norm(q @ (q.T @ later)) / np.linalg.norm(later)

    return work, 1, lambda: {"share": float(work())}


def plane(folder):
    thetas = positions(folder)
    gradients = np.diff(thetas, axis=0)[:32]
    delta = thetas[-1] - thetas[0]

    def work():
        return np.linalg.svd(gradients, full_matrices=False)[2][:16]

    return work, 1, lambda: {"share": float(np.linalg.norm(work() @ delta) / np.linalg.norm(delta))}


def angles(folder):
    """By two QR decompositions and the singular values of QᵀQ': scipy.linalg.subspace_angles drops every direction below
    D·ε = 6 % of the largest singular value in float32, and takes twice as long in double."""
    from scipy.linalg import qr, svdvals

    steps = np.diff(positions(folder), axis=0)
    first, second = np.ascontiguousarray(steps[:16].T), np.ascontiguousarray(steps[16:32].T)

    def work():
        q, p = (qr(x, mode="economic", check_finite=False)[0] for x in (first, second))
        return np.arccos(np.clip(svdvals(q.T @ p), -1, 1))

    return work, 1, lambda: {"angles": sorted(float(x) for x in work())}


JOBS = {
    "decoder-64": decoder_step(64), "decoder-16": decoder_step(16), "perturbation": perturbation,
    "lora-candidates": lora_candidates, "lora-12": lora_step(12), "lora-6": lora_step(6), "forward-512": forward_one,
    "forward-16x64": forward_many, "generation": generation, "activations": activations, "basis": basis, "plane": plane,
    "angles": angles,
}

if __name__ == "__main__":
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main(sys.argv[1:])
