"""Reads steering vectors that tvs wrote with gguf, safetensors and NumPy and compares every bit.

    TVS_REFERENCE_PYTHON=/tmp/ref/bin/python scripts/test --filter SteeringFile

Tests/SteeringTests writes v.gguf, v.safetensors, v.npz and the numbers of each layer as N.npy, and calls this with the folder
and the layers.
"""

import pathlib
import sys

import numpy as np
from gguf import GGUFReader
from safetensors.numpy import load_file

folder, layers = pathlib.Path(sys.argv[1]), [int(word) for word in sys.argv[2].split()]
reader = GGUFReader(folder / "v.gguf")
control = {tensor.name: tensor.data for tensor in reader.tensors}
arrays = {"safetensors": load_file(folder / "v.safetensors"), "npz": np.load(folder / "v.npz")}


def text(key):
    return bytes(reader.get_field(key).parts[-1]).decode()


assert text("general.architecture") == "controlvector"
assert text("controlvector.model_hint") == "llama"
assert int(reader.get_field("controlvector.layer_count").parts[-1][0]) == len(layers)
assert set(control) == {f"direction.{layer}" for layer in layers}, set(control)
record = bytes(arrays["npz"]["tvs.record"].astype("u1")).decode()
assert "site=resid_post" in record.split("\n"), record
for layer in layers:
    numbers = np.load(folder / f"{layer}.npy")
    found = [control[f"direction.{layer}"]] + [kind[f"blocks.{layer}.resid_post"] for kind in arrays.values()]
    for other in found:
        assert other.dtype == np.float32 and other.tobytes() == numbers.tobytes(), layer
print(f"gguf, safetensors and NumPy read the {len(layers)} directions that tvs wrote, bit for bit")
