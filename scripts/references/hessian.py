"""Writes Tests/TaskGeometryTests/References/hessian.json: the whole Hessian of a tiny decoder, by automatic differentiation
in double precision.

    python scripts/references/hessian.py
"""

import json
import pathlib

import torch
from torch.nn import functional as F

OUT = pathlib.Path(__file__).parents[2] / "Tests/TaskGeometryTests/References/hessian.json"
WIDTH, HEADS, HIDDEN, CONTEXT, VOCABULARY = 8, 2, 16, 6, 11
ROWS, LENGTH = 8, 6

SHAPES = [
    ("embed.tokens", (VOCABULARY, WIDTH)), ("embed.positions", (CONTEXT, WIDTH)),
    ("norm1.gain", (WIDTH,)), ("norm1.bias", (WIDTH,)), ("qkv.weight", (3 * WIDTH, WIDTH)), ("qkv.bias", (3 * WIDTH,)),
    ("out.weight", (WIDTH, WIDTH)), ("out.bias", (WIDTH,)), ("norm2.gain", (WIDTH,)), ("norm2.bias", (WIDTH,)),
    ("up.weight", (HIDDEN, WIDTH)), ("up.bias", (HIDDEN,)), ("down.weight", (WIDTH, HIDDEN)), ("down.bias", (WIDTH,)),
    ("final.gain", (WIDTH,)), ("final.bias", (WIDTH,)),
]


def unpack(theta):
    parts, start = {}, 0
    for name, shape in SHAPES:
        size = int(torch.tensor(shape).prod())
        parts[name] = theta[start:start + size].reshape(shape)
        start += size
    return parts


def loss_of(theta, tokens, positions, targets):
    p = unpack(theta)
    norm = lambda x, name: F.layer_norm(x, (WIDTH,), p[name + ".gain"], p[name + ".bias"])
    x = p["embed.tokens"][tokens] + p["embed.positions"][: tokens.shape[1]]
    rows, length, _ = x.shape
    q, k, v = F.linear(norm(x, "norm1"), p["qkv.weight"], p["qkv.bias"]).view(
        rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    # Written out: the second derivative of the fused attention is not implemented everywhere.
    weights = q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
    weights = weights.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf")).softmax(-1)
    x = x + F.linear((weights @ v).transpose(1, 2).reshape(rows, length, WIDTH), p["out.weight"], p["out.bias"])
    hidden = F.gelu(F.linear(norm(x, "norm2"), p["up.weight"], p["up.bias"]), approximate="tanh")
    x = x + F.linear(hidden, p["down.weight"], p["down.bias"])
    logits = F.linear(norm(x, "final"), p["embed.tokens"])
    return F.cross_entropy(logits.reshape(-1, VOCABULARY)[positions], targets)


def main():
    generator = torch.Generator().manual_seed(31)
    parts = []
    for name, shape in SHAPES:
        mean = 1.0 if name.endswith("gain") else 0.0
        parts.append((mean + 0.3 * torch.randn(shape, generator=generator)).flatten())
    theta = torch.cat(parts).float().double()
    tokens = torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=generator)
    positions = (torch.rand(ROWS * LENGTH, generator=generator) < 0.5).nonzero().flatten()
    targets = torch.randint(0, VOCABULARY, (len(positions),), generator=generator)
    f = lambda t: loss_of(t, tokens, positions, targets)

    theta.requires_grad_()
    loss = f(theta)
    (gradient,) = torch.autograd.grad(loss, theta)
    hessian = torch.autograd.functional.hessian(f, theta.detach())
    hessian = (hessian + hessian.T) / 2
    values, vectors = torch.linalg.eigh(hessian)
    unit = gradient / gradient.norm()
    product = hessian @ unit
    krylov, _ = torch.linalg.qr(torch.stack([gradient, hessian @ gradient, hessian @ (hessian @ gradient)], 1))
    numbers = lambda x: [float(f"{v:.9g}") for v in x.detach().flatten().tolist()]
    OUT.write_text(json.dumps({
        "weights": numbers(theta), "tokens": tokens.flatten().tolist(), "positions": positions.tolist(),
        "targets": targets.tolist(), "loss": loss.item(), "gradientNorm": gradient.norm().item(),
        "trace": hessian.trace().item(), "frobenius": hessian.norm().item(), "alongGradient": (unit @ product).item(),
        "largest": numbers(values.flip(0)[:6]), "smallest": numbers(values[:3]),
        "topVector": numbers(vectors[:, -1]), "product": numbers(product),
        # The third direction of the Krylov space, which depends on two products.
        "krylovThird": numbers(krylov[:, 2]),
    }))


main()
