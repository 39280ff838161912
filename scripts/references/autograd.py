"""Results and gradients of every operation in PyTorch, for Tests/AutogradTests/References/operations.json.

Run: python scripts/references/autograd.py
Each case has inputs, a weighting of the result, the result, and the gradients of Σ weighting · result.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20261124)


def random(*shape):
    return torch.randn(*shape).mul(4).round().div(8)  # short decimals that float32 holds exactly


def heads(x, batch, length, count, width):
    return x.view(batch, length, count, width).transpose(1, 2)


def attention(q, k, v, batch, length, count, kv_count, width):
    q, k, v = heads(q, batch, length, count, width), heads(k, batch, length, kv_count, width), heads(v, batch, length, kv_count, width)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=kv_count != count)
    return y.transpose(1, 2).reshape(batch * length, count * width)


def rotate(x, batch, length, count, width):
    x = heads(x, batch, length, count, width)
    frequencies = 10000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.cat([torch.outer(torch.arange(length), frequencies)] * 2, 1)
    turned = torch.cat([-x[..., width // 2 :], x[..., : width // 2]], -1)
    return (x * angles.cos() + turned * angles.sin()).transpose(1, 2).reshape(batch * length, count * width)


def block(x, g1, b1, wqkv, bqkv, wo, bo, g2, b2, wi, bi, wp, bp):
    q, k, v = F.linear(F.layer_norm(x, (8,), g1, b1), wqkv, bqkv).split(8, 1)
    x = x + F.linear(attention(q, k, v, 2, 5, 2, 2, 4), wo, bo)
    return x + F.linear(F.gelu(F.linear(F.layer_norm(x, (8,), g2, b2), wi, bi), approximate="tanh"), wp, bp)


tokens, targets = torch.tensor([3, 0, 3, 2, 1]), torch.tensor([1, 0, 6, 2])
cases = {
    "linear": (lambda x, w, b: F.linear(x, w, b), [random(5, 6), random(7, 6), random(1, 7)]),
    "loraLinear": (
        lambda x, w, b, p, q: F.linear(x, w, b) + 0.5 * F.linear(F.linear(x, p), q),
        [random(5, 6), random(7, 6), random(1, 7), random(2, 6), random(7, 2)],
    ),
    "layerNorm": (lambda x, g, b: F.layer_norm(x, (12,), g[0], b[0]), [random(4, 12), random(1, 12), random(1, 12)]),
    "rmsNorm": (lambda x, g: F.rms_norm(x, (12,), g[0], 1e-5), [random(4, 12), random(1, 12)]),
    "gelu": (lambda x: F.gelu(x, approximate="tanh"), [random(4, 9) * 4]),
    "swiGLU": (lambda g, u: F.silu(g) * u, [random(4, 9) * 4, random(4, 9)]),
    "embedding": (lambda t: F.embedding(tokens, t), [random(4, 6)]),
    "attention": (lambda q, k, v: attention(q, k, v, 2, 6, 2, 2, 4), [random(12, 8) * 2, random(12, 8) * 2, random(12, 8)]),
    "groupedAttention": (
        lambda q, k, v: attention(rotate(q, 1, 7, 4, 4), rotate(k, 1, 7, 2, 4), v, 1, 7, 4, 2, 4),
        [random(7, 16) * 2, random(7, 8) * 2, random(7, 8)],
    ),
    "crossEntropy": (lambda x: F.cross_entropy(x, targets).view(1, 1), [random(4, 7) * 4]),
    "block": (
        block,
        [random(10, 8)]
        + [random(*s) for s in [(1, 8), (1, 8), (24, 8), (1, 24), (8, 8), (1, 8), (1, 8), (1, 8), (16, 8), (1, 16), (8, 16), (1, 8)]],
    ),
}


def matrix(x):
    return {"rows": x.shape[0], "columns": x.shape[1], "elements": [float(f"{v:.7g}") for v in x.detach().flatten().tolist()]}


def run(name, function, inputs):
    for x in inputs:
        x.requires_grad_()
    # Layer norm wants vectors where the tape has matrices of one row.
    result = function(*[x if name != "block" or x.shape[0] > 1 else x[0] for x in inputs])
    weighting = random(*result.shape)
    gradients = torch.autograd.grad((result * weighting).sum(), inputs)
    return {
        "name": name,
        "inputs": [matrix(x) for x in inputs],
        "weighting": matrix(weighting),
        "result": matrix(result),
        "gradients": [matrix(g) for g in gradients],
    }


path = pathlib.Path(__file__).parents[2] / "Tests/AutogradTests/References/operations.json"
path.write_text(json.dumps([run(name, *case) for name, case in cases.items()], separators=(",", ":")) + "\n")
