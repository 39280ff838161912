"""Writes small weight files of every format that tvs reads, and the float32 values that their owners' software gives.

Run from the repository root: python scripts/references/weightfiles.py. Needs numpy, torch, safetensors and gguf.
"""

import pathlib
import struct

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

folder = pathlib.Path("Tests/ModelFilesTests/References")
folder.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(2026)


def normal(*shape):
    return random.normal(size=shape).astype(np.float32)


def values(name, arrays):
    """The expected float32 values, in the order of the file's arrays."""
    np.concatenate([np.asarray(a, dtype=np.float32).ravel() for a in arrays]).astype("<f4").tofile(folder / name)


# safetensors: every type. The file is in the order of (width, name), so the expected values are keyed by name order.
torch.manual_seed(1)
special = torch.tensor([0.0, -0.0, 1.0, -65504.0, 2.0**-24, -(2.0**-15), float("inf"), float("-inf")])
tensors = {
    "f32": torch.from_numpy(normal(5, 3)),
    "f16": torch.cat([special, torch.randn(9)]).to(torch.float16),
    "bf16": torch.cat([special, torch.randn(10)]).to(torch.bfloat16),
    "f64": torch.randn(2, 2, dtype=torch.float64),
    "i64": torch.tensor([2**62 + 1, -(2**40) - 3, 7]),
    "i32": torch.tensor([[2**31 - 1, -(2**31)], [5, -16777217]], dtype=torch.int32),
    "i16": torch.tensor([-32768, 32767], dtype=torch.int16),
    "i8": torch.tensor([-128, 127, 3], dtype=torch.int8),
    "u64": torch.tensor([2**63 + 2**40, 1], dtype=torch.uint64),
    "u32": torch.tensor([2**32 - 1, 1], dtype=torch.uint32),
    "u16": torch.tensor([65535, 1], dtype=torch.uint16),
    "u8": torch.tensor([255, 0], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 4),
    'name "q" é': torch.tensor([1.5, -2.5]),
}
save_file(tensors, folder / "every.safetensors", metadata={"format": "pt", "note": 'line\n"two"'})
values("every.safetensors.f32", [tensors[name].to(torch.float32).numpy() for name in sorted(tensors)])

# Shards with their index, as transformers writes them.
shards = {"model-00001-of-00002.safetensors": ["a.weight", "b.weight"], "model-00002-of-00002.safetensors": ["c.weight"]}
contents = {"a.weight": torch.from_numpy(normal(3, 4)), "b.weight": torch.from_numpy(normal(6)).to(torch.bfloat16),
            "c.weight": torch.from_numpy(normal(2, 5)).to(torch.float16)}
for file, names in shards.items():
    save_file({name: contents[name] for name in names}, folder / file, metadata={"format": "pt"})
pairs = ",\n".join(f'    "{n}": "{f}"' for f, names in shards.items() for n in names)
(folder / "model.safetensors.index.json").write_text(
    f'{{\n  "metadata": {{"total_size": 80}},\n  "weight_map": {{\n{pairs}\n  }}\n}}\n')
values("model.safetensors.index.f32", [contents[name].to(torch.float32).numpy() for name in sorted(contents)])

# GGUF: gguf-py quantises the simple types; for K-quants, random bytes with sound scales are valid blocks.
kinds = gguf.GGMLQuantizationType


def blocks(kind, rows, columns):
    if kind not in (kinds.Q4_K, kinds.Q5_K, kinds.Q6_K):
        return gguf.quants.quantize(normal(rows, columns), kind)
    size, width = gguf.GGML_QUANT_SIZES[kind]
    made = random.integers(0, 256, size=(rows * columns // size, width), dtype=np.uint8)
    halves = {kinds.Q4_K: [0, 2], kinds.Q5_K: [0, 2], kinds.Q6_K: [208]}[kind]
    for place in halves:
        made[:, place:place + 2] = (normal(len(made), 1) / 16).astype(np.float16).view(np.uint8)
    return made.reshape(rows, -1)


writer = gguf.GGUFWriter(folder / "every.gguf", "llama")
writer.add_uint32("a.uint32", 2**32 - 1)
writer.add_int32("a.int32", -5)
writer.add_uint64("a.uint64", 2**63 + 1)
writer.add_int64("a.int64", -(2**62))
writer.add_uint16("a.uint16", 65535)
writer.add_int16("a.int16", -32768)
writer.add_uint8("a.uint8", 255)
writer.add_int8("a.int8", -128)
writer.add_float32("a.float32", 0.1)
writer.add_float64("a.float64", 0.1)
writer.add_bool("a.bool", True)
writer.add_string("a.string", "Grüße, 世界")
writer.add_array("tokenizer.ggml.tokens", ["<s>", "Ġthe", "é", ""])
writer.add_array("tokenizer.ggml.scores", [0.0, -1.5, 2.25])
writer.add_array("tokenizer.ggml.token_type", [1, 3, -2])
expected = []
for kind in [kinds.F32, kinds.F16, kinds.BF16, kinds.Q8_0, kinds.Q4_0, kinds.Q4_1, kinds.Q5_0, kinds.Q5_1, kinds.Q4_K,
             kinds.Q5_K, kinds.Q6_K]:
    rows, columns = (2, 512) if kind.name.endswith("K") else (3, 64)
    stored = blocks(kind, rows, columns)
    expected.append(gguf.quants.dequantize(stored, kind))
    if kind == kinds.F32:
        writer.add_tensor(kind.name, stored)
    elif kind == kinds.F16:
        writer.add_tensor(kind.name, stored)
    else:
        writer.add_tensor(kind.name, stored, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
values("every.gguf.f32", expected)

# llama2.c: export.py's legacy form and its version 1, of one model with an output of its own.
dim, hidden, layers, heads, kv_heads, vocab, seq = 8, 12, 2, 4, 2, 10, 6
kv = dim // heads * kv_heads
one = {"token_embedding": normal(vocab, dim), "rms_final": normal(dim), "wcls": normal(vocab, dim)}
shapes = {"rms_att": (dim,), "wq": (dim, dim), "wk": (kv, dim), "wv": (kv, dim), "wo": (dim, dim), "rms_ffn": (dim,),
          "w1": (hidden, dim), "w2": (dim, hidden), "w3": (hidden, dim)}
each = {name: [normal(*shape) for _ in range(layers)] for name, shape in shapes.items()}
rotary = normal(2, seq, dim // heads // 2)


def stacked(*names):
    return b"".join(array.tobytes() for name in names for array in each[name])


(folder / "legacy.llama2c.bin").write_bytes(
    struct.pack("<7i", dim, hidden, layers, heads, kv_heads, -vocab, seq) + one["token_embedding"].tobytes()
    + stacked("rms_att", "wq", "wk", "wv", "wo", "rms_ffn", "w1", "w2", "w3") + one["rms_final"].tobytes()
    + rotary.tobytes() + one["wcls"].tobytes())
header = struct.pack("<Ii7iB", 0x616B3432, 1, dim, hidden, layers, heads, kv_heads, vocab, seq, 0)
(folder / "version1.llama2c.bin").write_bytes(
    header.ljust(256, b"\0") + stacked("rms_att", "rms_ffn") + one["rms_final"].tobytes()
    + one["token_embedding"].tobytes() + stacked("wq", "wk", "wv", "wo", "w1", "w2", "w3") + one["wcls"].tobytes())
flat = dict(one) | {f"layers.{i}.{name}": each[name][i] for name in each for i in range(layers)}
values("llama2c.f32", [flat[name] for name in sorted(flat)])
