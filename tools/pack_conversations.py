#!/usr/bin/env python3
"""Tokenises conversations with pictures into the file that `step37-run --data` takes.

    pack_conversations.py TOKENIZER CONVERSATIONS.jsonl -o OUT.safetensors

TOKENIZER is a directory with the model's tokenizer.json (and its tokenizer_config.json or
chat_template.jinja, as published), or a tokenizer.json. A line of the JSONL file is

    {"images": ["a.jpg"], "conversations": [{"role": "user", "content": "<image> What is it?"}, …]}

where each picture has one placeholder in the contents, <image> or <im_patch>, in the same order, and
roles are system, user, assistant and tool. A content may also be a list of {"type": "image"} and
{"type": "text", "text": …}. Paths of pictures start at the JSONL file's directory.

The tokenizer's chat template writes a conversation as text. What counts in the loss are the
assistant's turns after the last user turn, from where they differ from the prompt that they answer.
Pictures are neither opened nor copied: how many tokens one becomes depends on the plan, and is
settled when step37-run opens the data. The format is described in runtime/data/ConversationFile.h.

Needs the Python packages transformers (with tokenizers, jinja2, safetensors) and numpy.
"""

import argparse
import array
import json
import os
import pathlib
import sys
import tempfile

import numpy
from safetensors.numpy import save_file
from transformers import PreTrainedTokenizerFast

FORMAT = "step37-conversations-1"
PLACEHOLDER = "<im_patch>"
MARKERS = ("<image>", PLACEHOLDER)
IMAGE_TOKENS = (PLACEHOLDER, "<im_start>", "<im_end>", "<patch_start>", "<patch_end>", "<patch_newline>")
ROLES = ("system", "user", "assistant", "tool")


class BadSample(Exception):
    """What is wrong with one line."""


def require(condition, message):
    if not condition:
        raise BadSample(message)


def read_content(content):
    """A turn's content as text with PLACEHOLDER for each picture."""
    if isinstance(content, list):
        parts = []
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            require(kind in ("image", "text"), 'a part of a content has no "type" image or text')
            require(kind == "image" or isinstance(part.get("text"), str), 'a part of type text has no "text"')
            parts.append(PLACEHOLDER if kind == "image" else part["text"])
        content = "".join(parts)
    require(isinstance(content, str), '"content" is neither a text nor a list')
    return content.replace(MARKERS[0], PLACEHOLDER)


def read_sample(line):
    """(turns, paths of pictures) of a line."""
    try:
        sample = json.loads(line)
    except ValueError as error:
        raise BadSample(f"not valid JSON: {error}") from None
    require(isinstance(sample, dict), "is no JSON object")
    turns, images = sample.get("conversations"), sample.get("images", [])
    require(isinstance(turns, list) and turns, '"conversations" is no list with turns')
    require(
        isinstance(images, list) and all(isinstance(path, str) and path for path in images),
        '"images" is no list of paths',
    )
    for turn in turns:
        require(isinstance(turn, dict), "a turn is no JSON object")
        require(turn.get("role") in ROLES, f'"role" {turn.get("role")!r} is none of {", ".join(ROLES)}')
    turns = [{**turn, "content": read_content(turn.get("content"))} for turn in turns]
    placeholders = sum(turn["content"].count(PLACEHOLDER) for turn in turns)
    require(placeholders == len(images), f"has {len(images)} images and {placeholders} placeholders for them")
    return turns, images


def common_length(a, b):
    return len(os.path.commonprefix((a, b)))


def answers(render, turns):
    """The text of a conversation, and the (begin, end) of what counts in it."""
    text = render(turns, False)
    last_user = max((i for i, turn in enumerate(turns) if turn["role"] == "user"), default=-1)
    spans = []
    for i in range(last_user + 1, len(turns)):
        if turns[i]["role"] != "assistant":
            continue
        before, upto = render(turns[:i], False), render(turns[: i + 1], False)
        require(
            text.startswith(before) and text.startswith(upto),
            f"turn {i + 1}: the chat template writes it in another way once more turns follow",
        )
        # A prompt may end in more than every answer begins with, such as a tag for thinking.
        spans.append((max(len(before), common_length(render(turns[:i], True), text)), len(upto)))
    require(spans, "has no assistant turn after the last user turn: nothing to train on")
    return text, spans


def tokenise(tokenizer, turns, images):
    """(ids, mask) of a conversation."""

    def render(some, prompt):
        return tokenizer.apply_chat_template(some, tokenize=False, add_generation_prompt=prompt) if some else ""

    try:
        text, spans = answers(render, turns)
    except BadSample:
        raise
    except Exception as error:  # whatever a template raises
        raise BadSample(f"the chat template refuses it: {error}") from None
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    ids = encoded["input_ids"]
    mask = [any(begin <= start < end for begin, end in spans) for start, _ in encoded["offset_mapping"]]
    placeholder = tokenizer.convert_tokens_to_ids(PLACEHOLDER) if images else None
    require(
        not images or ids.count(placeholder) == len(images),
        f"{PLACEHOLDER} is not one token, or the chat template writes its own",
    )
    require(any(mask[1:]), "the assistant says nothing after the last user turn")
    return ids, mask


class Packed:
    """The tensors of the file, growing sample by sample."""

    def __init__(self):
        self.tokens, self.mask, self.lines = array.array("i"), bytearray(), []
        self.sample_tokens, self.sample_images = [0], [0]
        self.paths, self.path_offsets = bytearray(), [0]

    def add(self, line, ids, mask, images):
        self.lines.append(line)
        self.tokens.extend(ids)
        self.mask.extend(mask)
        self.sample_tokens.append(len(self.tokens))
        for path in images:
            self.paths += os.fsencode(path)
            self.path_offsets.append(len(self.paths))
        self.sample_images.append(len(self.path_offsets) - 1)

    def tensors(self, image_tokens):
        return {
            "tokens": numpy.array(self.tokens, numpy.int32),
            "loss_mask": numpy.frombuffer(bytes(self.mask), numpy.uint8),
            "sample_tokens": numpy.array(self.sample_tokens, numpy.int64),
            "sample_lines": numpy.array(self.lines, numpy.int64),
            "sample_images": numpy.array(self.sample_images, numpy.int64),
            "image_paths": numpy.frombuffer(bytes(self.paths), numpy.uint8),
            "image_path_offsets": numpy.array(self.path_offsets, numpy.int64),
            "image_tokens": numpy.array(image_tokens, numpy.int32),
        }


def load_tokenizer(path):
    if not path.exists():
        raise SystemExit(f"pack_conversations.py: {path}: no such file")
    if path.is_dir():
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path)
    else:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(path))
    if not tokenizer.chat_template:
        raise SystemExit(f"pack_conversations.py: {path}: has no chat template (chat_template.jinja)")
    return tokenizer


def image_tokens(tokenizer):
    vocabulary = tokenizer.get_vocab()
    return [vocabulary.get(token, -1) for token in IMAGE_TOKENS]


def write(path, tensors, source):
    """Under a temporary name first: the file is whole or not there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={"format": FORMAT, "source": source})
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def moved(path, before, after):
    """A path that started at directory `before`, from directory `after` on; absolute ones stay."""
    return path if os.path.isabs(path) else os.path.relpath(before / path, after)


def pack(tokenizer, source, output, skip):
    """The samples of `source`, and how many lines were left out."""
    packed, skipped = Packed(), 0
    for number, line in enumerate(source.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            turns, images = read_sample(line)
            ids, mask = tokenise(tokenizer, turns, images)
            packed.add(number, ids, mask, [moved(path, source.parent, output.parent) for path in images])
        except BadSample as error:
            message = f"{source}:{number}: {error}"
            if not skip:
                raise SystemExit(f"pack_conversations.py: {message}") from None
            print(f"skipped {message}", file=sys.stderr)
            skipped += 1
    if not packed.lines:
        raise SystemExit(f"pack_conversations.py: {source}: no conversation that can be used")
    return packed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=pathlib.Path, help="directory of the model's tokenizer, or tokenizer.json")
    parser.add_argument("conversations", type=pathlib.Path, help="JSONL file")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="OUT.safetensors")
    parser.add_argument("--on-bad-sample", choices=("stop", "skip"), default="stop", help="default: stop")
    options = parser.parse_args()
    if not options.conversations.is_file():
        raise SystemExit(f"pack_conversations.py: {options.conversations}: no such file")
    tokenizer = load_tokenizer(options.tokenizer)
    packed, skipped = pack(tokenizer, options.conversations, options.output, options.on_bad_sample == "skip")
    write(options.output, packed.tensors(image_tokens(tokenizer)), options.conversations.name)
    print(
        f"{options.output}: {len(packed.lines)} conversations, {len(packed.tokens)} tokens, "
        f"{sum(packed.mask)} of them count, {len(packed.path_offsets) - 1} pictures; {skipped} skipped"
    )


if __name__ == "__main__":
    main()
