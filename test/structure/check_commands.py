#!/usr/bin/env python3
"""Runs the commands of README.md and docs/using.md, in their order, as they stand.

    check_commands.py ROOT BUILD     in a scratch folder that has ROOT's tools/ and BUILD as build/
    check_commands.py --self-test    shows that a command that fails is reported

A command is a line of an indented block that starts with build/bin/. Those with a placeholder, a word in
capitals as HF_DIR, are listed and not run.
"""
import os
import re
import subprocess
import sys
import tempfile

PAGES = ("README.md", os.path.join("docs", "using.md"))
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]{2,}\b")


def commands(text):
    return [line.strip() for line in text.splitlines() if line.startswith("    build/bin/")]


def run(pages, links):
    """Yields (page, command, what came of it): "ran", "not run", or the output of a failure."""
    done = set()
    with tempfile.TemporaryDirectory() as scratch:
        for name, target in links.items():
            os.symlink(target, os.path.join(scratch, name))
        for page, text in pages.items():
            for command in commands(text):
                if command in done:
                    continue
                done.add(command)
                if PLACEHOLDER.search(command):
                    yield page, command, "not run"
                    continue
                result = subprocess.run(command, shell=True, cwd=scratch, capture_output=True, text=True)
                yield page, command, "ran" if result.returncode == 0 else result.stdout + result.stderr


def check(pages, links):
    failures = ran = 0
    for page, command, outcome in run(pages, links):
        print(f"{page}: {command}: {outcome}")
        ran += outcome == "ran"
        failures += outcome not in ("ran", "not run")
    print(f"{ran} ran, {failures} failed")
    return failures, ran


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "bin"))
        for name, code in (("good", 0), ("bad", 1)):
            path = os.path.join(folder, "bin", name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\nexit {code}\n")
            os.chmod(path, 0o755)
        page = "text\n    build/bin/good\n    build/bin/good HF_DIR\n    build/bin/bad now\n"
        return check({"page": page}, {"build": folder}) != (1, 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, build = map(os.path.abspath, sys.argv[1:])
    texts = {}
    for name in PAGES:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            texts[name] = file.read()
    failed, ran = check(texts, {"build": build, "tools": os.path.join(root, "tools")})
    sys.exit(failed > 0 or ran == 0)
