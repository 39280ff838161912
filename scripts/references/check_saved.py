"""Loads what tvs saved with transformers and peft and compares logits.

    TVS_REFERENCE_PYTHON=/tmp/ref/bin/python scripts/test --filter FolderWriting

runs it on every family: Tests/ModelFilesTests writes NAME/model, NAME/adapter and NAME/logits.safetensors (tokens, logits,
lora.logits) into a folder and calls this with its path. A warning of either library counts as a failure.
"""

import logging
import pathlib
import sys
import warnings

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

complaints = []


class Listener(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.WARNING:
            complaints.append(record.getMessage())


transformers_logging.disable_progress_bar()
for name in ("transformers", "peft"):
    logging.getLogger(name).addHandler(Listener())
warnings.showwarning = lambda message, *rest, **more: complaints.append(str(message))

failed = False
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    numbers = load_file(folder / "logits.safetensors")
    tokens = numbers["tokens"].long().unsqueeze(0)
    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32).eval()
    with torch.no_grad():
        plain = (model(tokens).logits[0] - numbers["logits"]).abs().max().item()
        lora = PeftModel.from_pretrained(model, folder / "adapter").eval()
        adapted = (lora(tokens).logits[0] - numbers["lora.logits"]).abs().max().item()
    print(f"{folder.name}: what tvs saved differs in transformers by {plain:.2g}, with its adapter in peft by {adapted:.2g}")
    failed = failed or not max(plain, adapted) < 1e-4
# peft 0.21 asks transformers 5 for a name that is on its way out, whatever folder it loads.
complaints = [complaint for complaint in complaints if "is_gradient_checkpointing" not in complaint]
for complaint in complaints:
    print("warning:", complaint)
sys.exit(failed or bool(complaints))
