#!/usr/bin/env python3
"""Draws the pictures of this example, writes their captions and a tokenizer of single bytes. Run
once, results are checked in; needs pillow:

    make_captions.py
    ../../pack_conversations.py . captions.jsonl -o captions.safetensors
"""

import json
import pathlib

from PIL import Image, ImageDraw

HERE = pathlib.Path(__file__).parent
COLOURS = {"red": (214, 39, 40), "green": (44, 160, 44), "blue": (31, 80, 200), "yellow": (240, 210, 30)}
SHAPES = ("circle", "square", "triangle")
SIZES = ((64, 64), (100, 60), (48, 56), (56, 130))  # two of them are cut into crops
# Bytes are their own ids; the others are those of config.json.
SPECIAL = {
    "<|im_start|>": 256,
    "<|im_end|>": 257,
    "<im_start>": 281,
    "<im_end>": 282,
    "<patch_start>": 283,
    "<patch_end>": 284,
    "<im_patch>": 285,
    "<patch_newline>": 286,
}
CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def draw(shape, colour, size):
    width, height = size
    image = Image.new("RGB", size, (245, 245, 245))
    radius = min(size) * 3 // 8
    x, y = width // 2, height // 2
    pen = ImageDraw.Draw(image)
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    elif shape == "square":
        pen.rectangle((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        pen.polygon(((x, y - radius), (x - radius, y + radius), (x + radius, y + radius)), fill=colour)
    return image


def captions():
    for n, (colour, rgb) in enumerate(COLOURS.items()):
        for k, shape in enumerate(SHAPES):
            for take in range(2):
                number = (n * len(SHAPES) + k) * 2 + take
                suffix = "png" if number % 3 else "jpg"
                path = f"pictures/{colour}-{shape}-{take + 1}.{suffix}"
                image = draw(shape, rgb, SIZES[number % len(SIZES)])
                image.save(HERE / path, **({"quality": 90} if suffix == "jpg" else {"optimize": True}))
                yield {
                    "images": [path],
                    "conversations": [
                        {"role": "user", "content": "<image>What is it?"},
                        {"role": "assistant", "content": f"A {colour} {shape}."},
                    ],
                }


def byte_characters():
    """The printable character that byte-level tokenizers write for each byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def tokenizer():
    vocabulary = {character: byte for byte, character in sorted(byte_characters().items())} | SPECIAL
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": token, **flags} for token, number in SPECIAL.items()],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }


def main():
    (HERE / "pictures").mkdir(exist_ok=True)
    lines = [json.dumps(caption) for caption in captions()]
    (HERE / "captions.jsonl").write_text("\n".join(lines) + "\n")
    (HERE / "tokenizer.json").write_text(json.dumps(tokenizer(), indent=1, ensure_ascii=False) + "\n")
    (HERE / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}\n')
    (HERE / "chat_template.jinja").write_text(CHAT_TEMPLATE)


if __name__ == "__main__":
    main()
