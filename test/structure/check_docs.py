#!/usr/bin/env python3
"""Builds the reference that is generated from ODS, and checks that it is complete.

    check_docs.py CMAKE BUILD     builds the target `docs`, then checks BUILD/docs
    check_docs.py --self-test     expects an operation without an example or a constraint to be found

Every operation of a dialect has an example, and numbers its constraints from C1 on.
"""
import os
import re
import subprocess
import sys

DIALECTS = ["dialects/step37.md", "dialects/plan.md"]
PASSES = ["passes/step37-passes.md", "passes/step37-select-passes.md"]
NO_CONSTRAINTS = {"step37.carried"}  # any published tensor can be carried


def operations(text):
    """(name, section) of every operation of a dialect's page."""
    parts = re.split(r"^### `([\w.]+)` \(", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2]))


def check_dialect(name, text):
    found = operations(text)
    if not found:
        yield f"{name}: lists no operation"
    for op, section in found:
        if "```mlir" not in section:
            yield f"{name}: {op} has no example"
        numbers = [int(n) for n in re.findall(r"^C(\d+):", section, re.MULTILINE)]
        like = re.search(r"^C1(?: to C\d|, C\d)? as in", section, re.MULTILINE)
        if op not in NO_CONSTRAINTS and not like and numbers != list(range(1, len(numbers) + 1)) or not (
            numbers or like or op in NO_CONSTRAINTS
        ):
            yield f"{name}: {op} does not number its constraints from C1 on"


def check_passes(name, text):
    if not re.search(r"^### `-step37-", text, re.MULTILINE):
        yield f"{name}: lists no pass"


def check(docs):
    breaches = []
    for names, rule in ((DIALECTS, check_dialect), (PASSES, check_passes)):
        for name in names:
            path = os.path.join(docs, name)
            if not os.path.exists(path):
                breaches.append(f"{name}: was not generated")
                continue
            with open(path, encoding="utf-8") as file:
                breaches += rule(name, file.read())
    return breaches


def self_test():
    good = "### `d.a` (A)\nC1: x\nC2: y\n```mlir\n```\n"
    cases = [
        (good, 0),
        ("", 1),
        (good + "### `d.b` (B)\nC1: x\n", 1),  # no example
        (good + "### `d.b` (B)\n```mlir\n```\n", 1),  # no constraint
        (good + "### `d.b` (B)\nC2: x\n```mlir\n```\n", 1),  # does not start at C1
        (good + "### `d.b` (B)\nC1 to C3 as in `a`.\n```mlir\n```\n", 0),
    ]
    failures = [(text, count) for text, count in cases if len(list(check_dialect("d", text))) != count]
    for failure in failures:
        print("self-test:", failure)
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    cmake, build = arguments
    subprocess.run([cmake, "--build", build, "--target", "docs"], check=True, stdout=subprocess.DEVNULL)
    breaches = check(os.path.join(build, "docs"))
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
