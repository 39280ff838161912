"""Writes the numbers that Tests/TransformersTests compare with: the same decoder, optimisers and adapter in PyTorch.

Run from the root of the repository with Python, PyTorch and peft's conventions (peft itself is not needed):

    python scripts/references/decoder.py

Each file is a flat sequence of little-endian float32 or int32 numbers; `reference.json` says what is where.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

OUT = pathlib.Path(__file__).parents[2] / "Tests/TransformersTests/References"
LAYERS, WIDTH, HEADS, HIDDEN, CONTEXT, VOCABULARY = 2, 16, 2, 32, 12, 15
ROWS, LENGTH, STEPS, RANK, ALPHA = 6, 9, 20, 2, 6.0


class LoRALinear(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.randn(RANK, base.in_features) * 0.3)
        self.b = nn.Parameter(torch.randn(base.out_features, RANK) * 0.3)

    def forward(self, x):
        return self.base(x) + ALPHA / RANK * F.linear(F.linear(x, self.a), self.b)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x):
        rows, length, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(rows, length, WIDTH)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.tokens.weight)

    def segments(self):
        """The weights in the order of the flat buffer."""
        yield "embed.tokens", self.tokens.weight
        yield "embed.positions", self.positions.weight
        for i, block in enumerate(self.blocks):
            for name, module in [
                ("norm1", block.norm1), ("attn.qkv", block.qkv), ("attn.out", block.out),
                ("norm2", block.norm2), ("mlp.up", block.up), ("mlp.down", block.down),
            ]:
                module = getattr(module, "base", module)
                kind = "gain" if name.startswith("norm") else "weight"
                yield f"blocks.{i}.{name}.{kind}", module.weight
                yield f"blocks.{i}.{name}.bias", module.bias
        yield "final.norm.gain", self.norm.weight
        yield "final.norm.bias", self.norm.bias


def flat(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors]).numpy().astype("<f4")


def loss_of(model, batch):
    tokens, positions, targets = batch
    return F.cross_entropy(model(tokens).reshape(-1, VOCABULARY)[positions], targets)


def batch_of(generator):
    tokens = torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=generator)
    picked = torch.rand(ROWS * LENGTH, generator=generator) < 0.4
    positions = picked.nonzero().flatten()
    return tokens, positions, torch.randint(0, VOCABULARY, (len(positions),), generator=generator)


def trained(start, batches, make_optimizer, clip):
    """Losses of 20 steps from `start`, and the weights after them."""
    model = Decoder()
    model.load_state_dict(start)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    return losses, flat(w for _, w in model.segments())


def main():
    torch.manual_seed(20)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    model = Decoder()
    with torch.no_grad():
        for name, weight in model.segments():
            # Larger than at a real start, and gains away from one, so that every path shows in the gradient.
            weight.normal_(1.0 if name.endswith("gain") else 0.0, 0.25)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    generator = torch.Generator().manual_seed(21)
    batches = [batch_of(generator) for _ in range(STEPS)]

    def save(name, numbers, kind="<f4"):
        np.asarray(numbers).astype(kind).tofile(OUT / name)

    save("weights.f32", flat(w for _, w in model.segments()))
    tokens, positions, targets = batches[0]
    loss = loss_of(model, batches[0])
    loss.backward()
    save("logits.f32", model(tokens).detach().reshape(-1, VOCABULARY)[positions].numpy())
    save("gradient.f32", flat(w.grad for _, w in model.segments()))
    save("tokens.i32", torch.stack([b[0] for b in batches]).numpy(), "<i4")
    save("positions.i32", torch.cat([b[1] for b in batches]).numpy(), "<i4")
    save("targets.i32", torch.cat([b[2] for b in batches]).numpy(), "<i4")

    runs = {
        "adamw": (lambda p: torch.optim.AdamW(p, lr=3e-3), 1.0),
        "sgd": (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), None),
        "sgd-plain": (lambda p: torch.optim.SGD(p, lr=0.1), 0.5),
    }
    losses = {}
    for name, (make, clip) in runs.items():
        losses[name], after = trained(start, batches, make, clip)
        save(f"after-{name}.f32", after)

    lora = Decoder()
    lora.load_state_dict(start)
    lora.requires_grad_(False)
    layers = []
    for i, block in enumerate(lora.blocks):
        block.qkv, block.down = LoRALinear(block.qkv), LoRALinear(block.down)
        layers += [(f"blocks.{i}.attn.qkv", block.qkv), (f"blocks.{i}.mlp.down", block.down)]
    factors = [f for _, layer in layers for f in (layer.a, layer.b)]
    save("lora-factors.f32", flat(factors))
    lora_loss = loss_of(lora, batches[0])
    lora_loss.backward()
    save("lora-gradient.f32", flat(f.grad for f in factors))
    with torch.no_grad():
        for _, layer in layers:
            layer.base.weight += ALPHA / RANK * layer.b @ layer.a
    save("lora-merged.f32", flat(w for _, w in lora.segments()))
    product_norm = math.sqrt(sum((ALPHA / RANK * layer.b @ layer.a).double().square().sum().item() for _, layer in layers))

    description = {
        "layers": LAYERS, "width": WIDTH, "heads": HEADS, "mlp": HIDDEN / WIDTH, "context": CONTEXT,
        "vocabulary": VOCABULARY, "rows": ROWS, "length": LENGTH, "steps": STEPS, "rank": RANK, "alpha": ALPHA,
        "loraTargets": ["attn.qkv", "mlp.down"], "targetCounts": [len(b[1]) for b in batches],
        "loss": loss.item(), "loraLoss": lora_loss.item(), "loraProductNorm": product_norm, "losses": losses,
        "torch": torch.__version__,
    }
    (OUT / "reference.json").write_text(json.dumps(description, indent=1) + "\n")


if __name__ == "__main__":
    main()
