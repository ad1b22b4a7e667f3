#!/usr/bin/env python3
"""Checks that clang-format 22 would leave every C++ and kernel source as it is.

    check_format.py ROOT     prints what would change, exits 1 if anything would
    check_format.py --self-test     expects a badly formatted file to be found

Without clang-format 22: exits 77 (skipped), or 1 where CI=true, since nobody would notice there.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def find_tool():
    for name in ("clang-format-22", "clang-format"):
        path = shutil.which(name)
        if path and " version 22." in subprocess.run([path, "--version"], capture_output=True, text=True).stdout:
            return path
    return None


def sources(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "build")))
        for name in sorted(names):
            if name.endswith((".cpp", ".h", ".cuh", ".cu")):
                yield os.path.join(folder, name)


def check(tool, root):
    files = list(sources(root))
    if not files:
        print(f"{root}: no sources")
        return 1
    return 1 if subprocess.run([tool, "--dry-run", "-Werror", *files]).returncode else 0


def self_test(tool):
    with tempfile.TemporaryDirectory() as root:
        path = os.path.join(root, "a.cpp")
        for content, expected in (("int a;\n", 0), ("int   a ;\n", 1)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
            if check(tool, root) != expected:
                print(f"self-test: {content!r} did not give {expected}")
                return 1
    return 0


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    tool = find_tool()
    if tool is None:
        print("clang-format 22 is not installed")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    return self_test(tool) if arguments[0] == "--self-test" else check(tool, arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
