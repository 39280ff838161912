"""The steps of Tests/AutogradTests/StepBenchmark.swift in PyTorch: forward and backward, fastest and median.

Run: THREADS=2 python scripts/bench-step.py small|gpt2
"""

import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, width, heads, inner, rank):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.requires_grad_(rank == 0)
        self.a = nn.Parameter(torch.randn(rank, width) * 0.02) if rank else None
        self.b = nn.Parameter(torch.randn(3 * width, rank) * 0.02) if rank else None

    def forward(self, x):
        batch, length, width = x.shape
        normed = self.norm1(x)
        qkv = self.qkv(normed)
        if self.a is not None:
            qkv = qkv + 2 * F.linear(F.linear(normed, self.a), self.b)
        q, k, v = [t.view(batch, length, self.heads, -1).transpose(1, 2) for t in qkv.split(width, 2)]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, layers, width, heads, inner, vocabulary, positions, rank):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width)
        self.requires_grad_(rank == 0)
        self.blocks = nn.Sequential(*[Block(width, heads, inner, rank) for _ in range(layers)])

    def forward(self, tokens, selected):
        x = self.blocks(self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1])))
        return F.linear(self.norm(x[:, -selected:]), self.tokens.weight)


SIZES = {"small": ((4, 128, 2, 256, 14, 17, 0), 128, 60), "gpt2": ((12, 768, 12, 3072, 50257, 128, 8), 4, 4)}
sizes, batch, steps = SIZES[sys.argv[1] if len(sys.argv) > 1 else "small"]
torch.set_num_threads(int(os.environ.get("THREADS", os.cpu_count())))
model = Decoder(*sizes)
tokens = torch.randint(0, min(sizes[4], 1000), (batch, sizes[5]))
wall, processor = [], []
for _ in range(steps):
    model.zero_grad(set_to_none=True)
    start, clock = time.perf_counter(), time.process_time()
    logits = model(tokens, 8)
    F.cross_entropy(logits.flatten(0, 1), tokens[:, -8:].flatten()).backward()
    wall.append((time.perf_counter() - start) * 1e3)
    processor.append((time.process_time() - clock) * 1e3)
print(
    f"step: fastest {min(wall):.1f} ms, median {sorted(wall)[steps // 2]:.1f} ms; "
    f"processor time {min(processor):.1f} ms, median {sorted(processor)[steps // 2]:.1f} ms"
)
