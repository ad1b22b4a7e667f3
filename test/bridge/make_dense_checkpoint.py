#!/usr/bin/env python3
"""Writes a checkpoint of random bytes with the tensors that `step37c names` lists, for measuring.

  make_dense_checkpoint.py STEP37C CONFIG DIR
"""

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

SHARD = 4 * 10**9
PIECE = 64 << 20
WIDTH = {"F32": 4, "BF16": 2}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    step37c, config, directory = sys.argv[1:]
    os.makedirs(directory)
    shutil.copyfile(config, os.path.join(directory, "config.json"))
    table = subprocess.run([step37c, "names", config], check=True, capture_output=True, text=True)
    shards, filled = [[]], 0
    for line in table.stdout.splitlines():
        found = re.match(r"\s*(\S+)\s+(F32|BF16)\s+\[([\d, ]+)\]", line)
        if not found:
            continue
        name, dtype, shape = found[1], found[2], [int(n) for n in found[3].split(",")]
        size = WIDTH[dtype]
        for extent in shape:
            size *= extent
        if filled + size > SHARD and shards[-1]:
            shards.append([])
            filled = 0
        shards[-1].append((name, dtype, shape, size))
        filled += size

    noise, weight_map = random.Random(1).randbytes(PIECE), {}
    for number, shard in enumerate(shards, 1):
        file_name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        header, offset = {}, 0
        for name, dtype, shape, size in shard:
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
            weight_map[name] = file_name
            offset += size
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(directory, file_name), "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            while offset > 0:
                file.write(noise[: min(offset, PIECE)])
                offset -= PIECE
    with open(os.path.join(directory, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {}, "weight_map": weight_map}, file)


main()
