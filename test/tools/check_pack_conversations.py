#!/usr/bin/env python3
"""Tests tools/pack_conversations.py: the example's file, what counts in the loss, and what is refused.
Skipped, with exit code 77, where transformers is missing.

    check_pack_conversations.py ROOT
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
ROOT = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path.cwd()
EXAMPLE = ROOT / "tools/examples/step37-tiny"
TOOL = ROOT / "tools/pack_conversations.py"

try:
    import transformers
    from safetensors.numpy import load_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(SKIPPED)

sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOL.parent))
import pack_conversations as tool  # noqa: E402

THINKING = """{%- for m in messages -%}<{{ m.role }}>{{ m.content }}
{% endfor -%}{%- if add_generation_prompt %}<assistant><think>{% endif -%}"""
FORGETFUL = "{%- for m in messages %}{{ m.content if loop.last else 'gone' }}{% endfor -%}"


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


class Packing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = tool.load_tokenizer(EXAMPLE)

    def counted(self, turns, template=None):
        """The text that counts."""
        tokenizer = self.tokenizer
        if template:
            tokenizer = tool.load_tokenizer(EXAMPLE)
            tokenizer.chat_template = template
        ids, mask = tool.tokenise(tokenizer, turns, [])
        return tokenizer.decode([token for token, counts in zip(ids, mask) if counts])

    def refused(self, sample, expected):
        line = sample if isinstance(sample, str) else json.dumps(sample)
        with self.assertRaises(tool.BadSample) as raised:
            tool.tokenise(self.tokenizer, *tool.read_sample(line))
        self.assertIn(expected, str(raised.exception))

    def test_only_answers_after_the_last_user_turn_count(self):
        turns = [user("a"), assistant("b"), user("c"), assistant("d")]
        self.assertEqual(self.counted(turns), "d<|im_end|>\n")
        turns += [{"role": "tool", "content": "e"}, assistant("f")]
        self.assertEqual(self.counted(turns), "d<|im_end|>\nf<|im_end|>\n")

    def test_ones_are_all_tokens_but_the_prompt(self):
        turns = [user("what?"), assistant("that")]
        prompt = self.tokenizer.apply_chat_template(turns[:1], add_generation_prompt=True, tokenize=False)
        ids, mask = tool.tokenise(self.tokenizer, turns, [])
        self.assertEqual(sum(mask), len(ids) - len(self.tokenizer(prompt)["input_ids"]))

    def test_a_prompt_may_say_more_than_the_answer_begins_with(self):
        self.assertEqual(self.counted([user("a"), assistant("b")], THINKING), "b\n")

    def test_a_template_that_changes_earlier_turns_is_refused(self):
        with self.assertRaises(tool.BadSample) as raised:
            self.counted([user("a"), assistant("b"), assistant("c")], FORGETFUL)
        self.assertIn("in another way", str(raised.exception))

    def test_contents_with_pictures(self):
        parts = [{"type": "image"}, {"type": "text", "text": "x"}]
        for content in (parts, "<image>x", "<im_patch>x"):
            turns, images = tool.read_sample(
                json.dumps({"images": ["p"], "conversations": [user(content), assistant("y")]})
            )
            self.assertEqual(turns[0]["content"], "<im_patch>x")
            ids, _ = tool.tokenise(self.tokenizer, turns, images)
            self.assertEqual(ids.count(285), 1)

    def test_bad_samples(self):
        good = [user("a"), assistant("b")]
        self.refused("{", "not valid JSON")
        self.refused("[]", "no JSON object")
        self.refused({}, '"conversations"')
        self.refused({"conversations": []}, '"conversations"')
        self.refused({"conversations": [{"role": "robot", "content": "a"}]}, "'robot'")
        self.refused({"conversations": [{"role": "user"}]}, '"content"')
        self.refused({"conversations": [user([{"type": "sound"}])]}, "type")
        self.refused({"images": "a.png", "conversations": good}, '"images"')
        self.refused({"images": ["a.png"], "conversations": good}, "1 images and 0 placeholders")
        self.refused({"conversations": [user("<image>"), assistant("b")]}, "0 images and 1 placeholders")
        self.refused({"conversations": [assistant("b"), user("a")]}, "nothing to train on")

    def run_tool(self, folder, *options):
        command = [sys.executable, TOOL, EXAMPLE, folder / "talk.jsonl", "-o", folder / "talk.safetensors", *options]
        return subprocess.run(command, capture_output=True, text=True)

    def test_bad_lines_are_named_and_skipped_on_request(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            good = json.dumps({"images": ["a.png"], "conversations": [user("<image>"), assistant("b")]})
            (folder / "talk.jsonl").write_text(f"{good}\n\nbroken\n{good}\n")
            stopped = self.run_tool(folder)
            self.assertEqual(stopped.returncode, 1)
            self.assertIn("talk.jsonl:3: not valid JSON", stopped.stderr)
            self.assertEqual(os.listdir(folder), ["talk.jsonl"])
            skipped = self.run_tool(folder, "--on-bad-sample", "skip")
            self.assertEqual(skipped.returncode, 0, skipped.stderr)
            self.assertIn("1 skipped", skipped.stdout)
            self.assertEqual(load_file(folder / "talk.safetensors")["sample_lines"].tolist(), [1, 4])

    def test_the_example_is_what_the_tool_writes(self):
        packed, skipped = tool.pack(
            self.tokenizer, EXAMPLE / "captions.jsonl", EXAMPLE / "captions.safetensors", False
        )
        self.assertEqual(skipped, 0)
        written = packed.tensors(tool.image_tokens(self.tokenizer))
        stored = load_file(EXAMPLE / "captions.safetensors")
        self.assertEqual(written.keys(), stored.keys())
        for name, values in written.items():
            self.assertEqual(values.dtype, stored[name].dtype, name)
            self.assertEqual(values.tolist(), stored[name].tolist(), name)


if __name__ == "__main__":
    unittest.main()
