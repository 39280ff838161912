"""Makes Tests/TensorsTests/References/archive.zip: members as Python's zipfile writes them.

    python3 scripts/references/archive.py
"""

import zipfile
from pathlib import Path

data, state = bytearray(), 1
for block in range(12):
    if block % 3 == 2:
        data += data[-32768:]  # matches at the largest distance that DEFLATE knows
        continue
    alphabet = 4 if block % 3 == 0 else 9
    for _ in range(32768):
        state = (state * 1664525 + 1013904223) % 2**32
        data.append(65 + (state >> 16) % alphabet)

target = Path(__file__).parents[2] / "Tests/TensorsTests/References/archive.zip"
with zipfile.ZipFile(target, "w") as archive:
    for name, contents, method in [("deflated", bytes(data), zipfile.ZIP_DEFLATED), ("stored", b"kept as it is", zipfile.ZIP_STORED)]:
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = method
        archive.writestr(info, contents)
