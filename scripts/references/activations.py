"""Reads and steers the tiny models of scripts/references/models.py with hooks in transformers, for Tests/ModelFilesTests.

    /tmp/ref/bin/python scripts/references/activations.py

For every model, `activations.safetensors` holds for one sequence the activations at every site of every block, and
for each edit the logits, the loss on the tokens after the prompt and its gradient with respect to a weight of the first block,
which passes through the edit in the second. Hooks sit on the modules: residual streams are inputs of modules, so that nothing
is computed here again.
"""

import pathlib

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

MODELS = pathlib.Path(__file__).parents[2] / "Tests/ModelFilesTests/References/models"
LENGTH, PROMPT, LAYER = 14, 6, 1
SITES = ["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"]


def parts(model, name):
    """The blocks; and of a block, the module that gives attn_out and the one that gives mlp_out."""
    if name == "gpt2":
        return model.transformer.h, lambda b: b.attn, lambda b: b.mlp
    if name == "olmo2":
        return model.model.layers, lambda b: b.post_attention_layernorm, lambda b: b.post_feedforward_layernorm
    return model.model.layers, lambda b: b.self_attn, lambda b: b.mlp


def mid_module(block, name):
    """The module that reads the stream between attention and MLP."""
    if name == "gpt2":
        return block.ln_2
    return block.mlp if name == "olmo2" else block.post_attention_layernorm


def first(x):
    return x[0] if isinstance(x, tuple) else x


def read(model, name, tokens):
    blocks, attention, mlp = parts(model, name)
    found, handles = {}, []
    for layer, block in enumerate(blocks):
        def keep(site, layer=layer):
            key = f"blocks.{layer}.{site}"
            return lambda _, args, out: found.__setitem__(key, first(out)[0].detach().clone())

        def keep_input(site, layer=layer):
            key = f"blocks.{layer}.{site}"
            return lambda _, args: found.__setitem__(key, args[0][0].detach().clone())
        handles += [block.register_forward_pre_hook(keep_input("resid_pre")),
                    attention(block).register_forward_hook(keep("attn_out")),
                    mid_module(block, name).register_forward_pre_hook(keep_input("resid_mid")),
                    mlp(block).register_forward_hook(keep("mlp_out")),
                    block.register_forward_hook(keep("resid_post"))]
    with torch.no_grad():
        model(tokens)
    for handle in handles:
        handle.remove()
    return found


def edited(h, v, kind, scale, where):
    if kind == "add":
        new = h + scale * v
    elif kind == "ablate":
        u = v / v.norm()
        new = h - scale * (h @ u)[..., None] * u
    else:
        new = h + scale * v
        new = new * h.norm(dim=-1, keepdim=True) / new.norm(dim=-1, keepdim=True)
    return torch.where(where[None, :, None], new, h)


def steer(model, name, tokens, v, kind, site, scale, where):
    blocks, attention, mlp = parts(model, name)
    block = blocks[LAYER]

    def hook(_, args, out):
        new = edited(first(out), v, kind, scale, where)
        return (new, *out[1:]) if isinstance(out, tuple) else new

    module = {"attn_out": attention(block), "mlp_out": mlp(block), "resid_post": block}.get(site)
    if site == "resid_pre":
        handle = block.register_forward_pre_hook(lambda _, args: (edited(args[0], v, kind, scale, where), *args[1:]))
    else:
        handle = module.register_forward_hook(hook)
    model.zero_grad()
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[0, PROMPT - 1:-1], tokens[0, PROMPT:])
    loss.backward()
    handle.remove()
    return logits[0].detach(), loss.detach().reshape(1)


EDITS = [("add", "resid_post", 1.5, "all"), ("add", "resid_post", 1.5, "prompt"), ("ablate", "resid_pre", 1.0, "all"),
         ("ablate", "resid_post", 0.6, "prompt"), ("rotate", "resid_pre", 2.0, "all"), ("rotate", "resid_post", -1.0, "last"),
         ("add", "attn_out", 1.0, "all"), ("rotate", "mlp_out", 1.0, "prompt")]


def main():
    for name in ["gpt2", "llama", "qwen2", "olmo", "olmo2"]:
        folder = MODELS / name
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        tokens = load_file(folder / "reference.safetensors")["tokens"][:1, :LENGTH].long()
        torch.manual_seed(7)
        width = model.config.hidden_size
        v = torch.randn(width)
        out = {"tokens": tokens[0].int(), "vector": v}
        out |= read(model, name, tokens)
        assert len(out) == 2 + len(SITES) * model.config.num_hidden_layers
        places = torch.arange(LENGTH)
        for number, (kind, site, scale, positions) in enumerate(EDITS):
            where = {"all": places >= 0, "prompt": places >= PROMPT - 1, "last": places == PROMPT - 1}[positions]
            logits, loss = steer(model, name, tokens, v, kind, site, scale, where)
            out |= {f"edit.{number}.logits": logits, f"edit.{number}.loss": loss}
            key = "transformer.h.0.attn.c_attn.weight" if name == "gpt2" else "model.layers.0.self_attn.q_proj.weight"
            out[f"edit.{number}.gradient"] = dict(model.named_parameters())[key].grad.clone()
        save_file({k: v.contiguous() for k, v in out.items()}, folder / "activations.safetensors")
        print(name, (folder / "activations.safetensors").stat().st_size)


main()
