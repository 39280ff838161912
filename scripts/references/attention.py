"""Reads what the heads of the tiny models of scripts/references/models.py attend to (transformers' output_attentions), for
Tests/ModelFilesTests.

    /tmp/ref/bin/python scripts/references/attention.py

For every model, `attention.safetensors` holds `tokens` and for each block heads × tokens × tokens.
"""

import pathlib

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

MODELS = pathlib.Path(__file__).parents[2] / "Tests/ModelFilesTests/References/models"
LENGTH = 14

for name in ["gpt2", "llama", "qwen2", "olmo", "olmo2"]:
    folder = MODELS / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokens = load_file(folder / "reference.safetensors")["tokens"][:1, :LENGTH].long()
    with torch.no_grad():
        patterns = model(tokens, output_attentions=True).attentions
    out = {"tokens": tokens[0].int()} | {f"blocks.{i}": p[0].contiguous() for i, p in enumerate(patterns)}
    save_file(out, folder / "attention.safetensors")
    print(name, [tuple(p.shape) for p in patterns], (folder / "attention.safetensors").stat().st_size)
