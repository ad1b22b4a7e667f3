#!/usr/bin/env python3
"""Data for a run of the published vision tower: make_pictures.py FOLDER

Writes eight pictures of 1512 x 1008 pixels, each a global view and six crops, and pictures.safetensors:
tokenised conversations (runtime/data/ConversationFile.h) with one picture and 40 random tokens each.
"""

import json
import pathlib
import random
import struct
import sys
import zlib

SAMPLES, TEXT, VOCAB, IMAGE_TOKEN = 8, 40, 100_000, 128_001
WIDTH, HEIGHT = 1512, 1008


def png(seed):
    """Blocks of random colours."""
    draw = random.Random(seed)
    rows = []
    for y in range(HEIGHT):
        if y % 9 == 0:
            line = b"\0" + b"".join(bytes(draw.randrange(256) for _ in range(3)) * 9 for _ in range(WIDTH // 9))
        rows.append(line)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"".join(rows), 1)) + chunk(b"IEND", b""))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(0)
    tokens, mask, paths = [], [], []
    for sample in range(SAMPLES):
        paths.append(f"picture-{sample}.png")
        (folder / paths[-1]).write_bytes(png(sample))
        tokens += [IMAGE_TOKEN] + [draw.randrange(VOCAB) for _ in range(TEXT)]
        mask += [0] + [1] * TEXT
    ends = [0]
    for path in paths:
        ends.append(ends[-1] + len(path))
    tensors = {
        "tokens": ("I32", "i", tokens),
        "loss_mask": ("U8", "B", mask),
        "sample_tokens": ("I64", "q", [i * (TEXT + 1) for i in range(SAMPLES + 1)]),
        "sample_lines": ("I64", "q", range(1, SAMPLES + 1)),
        "sample_images": ("I64", "q", range(SAMPLES + 1)),
        "image_paths": ("U8", "B", "".join(paths).encode()),
        "image_path_offsets": ("I64", "q", ends),
        "image_tokens": ("I32", "i", range(IMAGE_TOKEN, IMAGE_TOKEN + 6)),
    }
    header, data = {"__metadata__": {"format": "step37-conversations-1", "source": "pictures"}}, b""
    for name, (dtype, code, values) in sorted(tensors.items(), key=lambda item: -struct.calcsize(item[1][1])):
        packed = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": dtype, "shape": [len(values)], "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "pictures.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


main()
