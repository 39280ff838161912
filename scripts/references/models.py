"""Makes tiny models with transformers and adapters with peft, and the numbers that Tests/ModelFilesTests compare with.

    python -m venv /tmp/ref && /tmp/ref/bin/pip install torch transformers peft
    /tmp/ref/bin/python scripts/references/models.py

For every model: the folder as `save_pretrained` writes it, an adapter folder as peft writes it, and `reference.safetensors`
with tokens, logits, the loss on the next tokens, its gradient with respect to every weight under the names of the file, and
the same with the adapter. Weights are drawn far wider than is usual, so that a mistake shows.
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Olmo2Config, Olmo2ForCausalLM, OlmoConfig,
    OlmoForCausalLM, Qwen2Config, Qwen2ForCausalLM,
)

OUT = pathlib.Path(__file__).parents[2] / "Tests/ModelFilesTests/References/models"
SIZES = dict(vocab_size=48, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)

MODELS = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(vocab_size=48, n_embd=24, n_layer=2, n_head=4, n_positions=64, bos_token_id=1,
                                         eos_token_id=2), ["c_attn"]),
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, rms_norm_eps=1e-5), ["q_proj", "v_proj"]),
    "llama3": (LlamaForCausalLM, LlamaConfig(
        **{**SIZES, "hidden_size": 32}, head_dim=12, tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
        rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=16)), ["q_proj", "o_proj", "down_proj"]),
    "llama-linear": (LlamaForCausalLM, LlamaConfig(
        **SIZES, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)), ["k_proj"]),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True, rms_norm_eps=1e-6), ["q_proj", "v_proj"]),
    "olmo": (OlmoForCausalLM, OlmoConfig(**SIZES), ["q_proj", "v_proj"]),
    "olmo2": (Olmo2ForCausalLM, Olmo2Config(**SIZES), ["q_proj", "v_proj"]),
}


def widen(model, scale):
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name or ".ln_" in name:
                p.add_(0.2 * torch.randn_like(p))
            else:
                p.copy_(scale * torch.randn_like(p))


def loss_of(model, tokens):
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1))
    return logits, loss


def gradients(model, keep):
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None and keep(name)}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for index, (name, (kind, config, targets)) in enumerate(MODELS.items()):
        torch.manual_seed(100 + index)
        folder = OUT / name
        model = kind(config).float().eval()
        widen(model, 0.15)
        model.save_pretrained(folder)
        tokens = torch.randint(3, config.vocab_size, (3, 40))
        logits, loss = loss_of(model, tokens)
        loss.backward()
        # The logits of one sequence and the gradient of all: enough to see any difference, and small.
        out = {"tokens": tokens.int(), "logits": logits[0].detach(), "loss": loss.detach().reshape(1)}
        out |= {"gradient." + key: value for key, value in gradients(model, lambda _: True).items()}
        model.zero_grad()
        torch.manual_seed(200 + index)
        lora = get_peft_model(model, LoraConfig(
            r=3, lora_alpha=5, target_modules=targets, fan_in_fan_out=name == "gpt2", task_type="CAUSAL_LM",
            use_rslora=name == "llama3"))
        with torch.no_grad():
            for key, p in lora.named_parameters():
                if "lora_" in key:
                    p.copy_(0.3 * torch.randn_like(p))
        lora.eval()
        lora.save_pretrained(folder / "adapter")
        logits, loss = loss_of(lora, tokens)
        loss.backward()
        out |= {"lora.logits": logits[0].detach(), "lora.loss": loss.detach().reshape(1)}
        out |= {"lora.gradient." + key: value for key, value in gradients(lora, lambda k: "lora_" in k).items()}
        save_file({k: v.contiguous() for k, v in out.items()}, folder / "reference.safetensors")
        (folder / "adapter" / "README.md").unlink(missing_ok=True)
        (folder / "generation_config.json").unlink(missing_ok=True)
    print(json.dumps({p.name: sum(f.stat().st_size for f in p.rglob("*") if f.is_file()) for p in OUT.iterdir()}))


main()
