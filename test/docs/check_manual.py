#!/usr/bin/env python3
"""Keeps the manual true: README.md, CONTRIBUTING.md and docs/.

    check_manual.py ROOT BIN       links, files, options and citations; BIN has step37c and step37-run
    check_manual.py --run ROOT BIN CUDA [PAGE ...]     executes the commands of every page; CUDA is ON or OFF, as the build has it
    check_manual.py --self-test    plants one breach of each rule in a small tree and expects it to be found

Commands are blocks that begin with ```sh. Those of a page run one after another, in a folder where build/bin and all of
the repository are found as on the page. A comment <!-- not run: REASON --> before a block leaves it out, <!-- needs CUDA --> does so
in a build without CUDA.

The other rules: a relative link leads to a file, and to a heading if it names one; a file in backticks exists; an
option in backticks is one of a program or a script, and every option of the programs is explained on some page; a
section of docs/model.md that a source cites exists.
"""
import contextlib
import fnmatch
import io
import os
import re
import subprocess
import sys
import tempfile

SOURCE = (".cpp", ".h", ".cuh", ".td", ".mlir", ".test", ".py", ".in")
MODEL = "docs/model.md"  # cites files and options of other projects
BLOCK = re.compile(r"(?:<!-- (?:not run: (?P<reason>[^>]*?)|(?P<cuda>needs CUDA)) -->\n\n?)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```",
                   re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^ {4,}(?:build/bin/|tools/|ctest |cmake |python3 )", re.MULTILINE)
FILE = re.compile(r"`([\w.*/-]+\.(?:cpp|h|cuh|td|md|py|sh|mlir|in|test|json|txt|jsonl|safetensors)|[\w.-]+(?:/[\w.*-]+)+/?)`")
# What programs write, and what published checkpoints have.
WRITTEN = ("build", "build-*", "published", "*.safetensors", "ranks.json", "manifest.json", "model.safetensors.index.json",
           "config.json", "DIR/*", "tokenizer.json", "talk.jsonl", "table.json", "trace.json", ".carry", "kernels/*")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
OTHERS = {"--build", "--preset", "--target", "--table", "--help", "--version"}  # of cmake and ctest; of every program
CITED = re.compile(r"docs/model\.md((?:[\s,:(]|and|to|sections?|entry \d+ of|the register|[A-I](?:\.\d+)?\b|\d)+)")


def pages(root):
    names = ["README.md", "CONTRIBUTING.md"]
    names += sorted("docs/" + name for name in os.listdir(os.path.join(root, "docs")) if name.endswith(".md"))
    return [(name, read(root, name)) for name in names]


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return file.read()


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".git", "build")) and f != "__pycache__")
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links(root, name, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        full = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        if not os.path.exists(os.path.join(root, full)):
            yield f"{name}: a link to {target}, which is not there"
        elif anchor and anchor not in anchors(read(root, full)):
            yield f"{name}: a link to {target}, where no heading is called so"


def check_files(name, text, files):
    folders = {os.path.dirname(path) for path in files}
    folders |= {os.path.dirname(folder) for folder in folders}
    bases = {os.path.basename(path) for path in files}
    for path in FILE.findall(re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)):
        wanted = path.rstrip("/")
        if any(fnmatch.fnmatch(wanted, each) or fnmatch.fnmatch(wanted, each + "/*") for each in WRITTEN):
            continue
        if "/" not in wanted:
            there = any(fnmatch.fnmatch(base, wanted) for base in bases)
        else:  # a file, a folder, or a header and its source under one name
            there = wanted in folders or any(
                fnmatch.fnmatch(each, wanted) or fnmatch.fnmatch(each, wanted + ".h") for each in files)
        if not there:
            yield f"{name}: names `{path}`, which is not there"


def check_blocks(name, text):
    for line in COMMAND.findall(re.sub(BLOCK, "", text)):
        yield f"{name}: a command outside of a ```sh block: '{line.strip()} …'"


def sections(model):
    found = set(re.findall(r"^## ([A-I]\.\d+) ", model, re.MULTILINE))
    return found | set(re.findall(r"^# ([A-I])\. ", model, re.MULTILINE))


def check_citations(root, files, known):
    for path in files:
        if not path.endswith(SOURCE) or path.endswith("check_manual.py"):
            continue
        text = re.sub(r"\s*\n\s*(?://+|#)? *", " ", read(root, path))
        for match in CITED.finditer(text):
            cited = re.findall(r"\b[A-I](?:\.\d+)?\b", match.group(1))
            for section in cited:
                if section not in known:
                    yield f"{path}: cites {section} of {MODEL}, which has no such section"
        if "spec/model.md" in text:
            yield f"{path}: cites spec/model.md; it is {MODEL}"


def check_options(texts, of_programs, elsewhere):
    explained = set()
    for name, text in texts:
        if name == MODEL:
            continue
        said = set(OPTION.findall(text))
        explained |= said
        for option in sorted(said - of_programs - elsewhere - OTHERS):
            yield f"{name}: says {option}, which no program and no script takes"
    for option in sorted(of_programs - explained - OTHERS):
        yield f"{option}: no page of the manual explains it"


def options_of(bin_folder):
    commands = [["step37c", each] for each in ("compile", "plan-mesh", "show", "import", "export", "verify", "names")]
    commands += [["step37c"], ["step37-run"], ["step37-run", "tune"]]
    found = set()
    for program, *rest in commands:
        text = subprocess.run([os.path.join(bin_folder, program), *rest, "--help"], capture_output=True, text=True,
                              check=True).stdout
        found |= set(re.findall(r"^ *(?:-\w,)?(--[a-z][\w-]*)", text, re.MULTILINE))
    return found


def check(root, of_programs):
    files = sorted(files_of(root))
    texts = pages(root)
    found = []
    for name, text in texts:
        found += check_links(root, name, text)
        found += check_blocks(name, text)
        if name != MODEL:
            found += check_files(name, text, files)
    found += check_citations(root, files, sections(read(root, MODEL)))
    scripts = " ".join(read(root, path) for path in files if path.startswith(("tools/", "test/", "passes/")) and
                       path.endswith((".sh", ".py", ".td")))
    passes = {"--" + name for name in re.findall(r'Pass<"([\w-]+)"', scripts)}
    found += check_options(texts, of_programs, set(OPTION.findall(scripts)) | passes)
    return found


def run(root, bin_folder, cuda, wanted):
    failures = 0
    for name, text in pages(root):
        blocks = [block for block in BLOCK.finditer(text) if block.group("language") == "sh"]
        if not blocks or wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as stage:
            for entry in os.listdir(root):
                if not entry.startswith((".", "build")):
                    os.symlink(os.path.join(root, entry), os.path.join(stage, entry))
            os.mkdir(os.path.join(stage, "build"))
            os.symlink(bin_folder, os.path.join(stage, "build", "bin"))
            for block in blocks:
                line = text.count("\n", 0, block.start("text")) + 1
                reason = block.group("reason") or (block.group("cuda") if not cuda else None)
                if reason:
                    print(f"{name}:{line}: not run: {reason}")
                    continue
                done = subprocess.run(["bash", "-eux", "-c", block.group("text")], cwd=stage, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                print(f"{name}:{line}: {'ok' if done.returncode == 0 else f'exit code {done.returncode}'}", flush=True)
                if done.returncode:
                    print(done.stdout[-2000:])
                    failures += 1
    return failures


def self_test():
    clean = {
        "README.md": "See [model](docs/model.md#b-layer), `passes/A.h`, `docs/`.\n\n```sh\nls --all\n```\n",
        "CONTRIBUTING.md": "`--all` of `passes/A`, `*.h` and `build/bin`\n",
        "docs/model.md": "# B. Layer\n## B.1 Norm\n`foreign.py --unknown`\n",
        "passes/A.h": "// A norm (docs/model.md, sections B\n// and B.1).\n",
    }
    planted = [
        ("docs/a.md", "[b](b.md)\n", "which is not there"),
        ("docs/a.md", "[b](model.md#nothing)\n", "no heading"),
        ("docs/a.md", "`passes/B.h`\n", "names `passes/B.h`"),
        ("docs/a.md", "`Gone.cpp`\n", "names `Gone.cpp`"),
        ("docs/a.md", "text\n\n    tools/test.sh\n", "outside"),
        ("docs/a.md", "`--none`\n", "says --none"),
        ("CONTRIBUTING.md", "\n", "--all: no page"),
        ("passes/B.h", "// See docs/model.md B.2.\n", "cites B.2"),
        ("passes/B.h", "// See spec/model.md B.1.\n", "it is docs/model.md"),
    ]
    failures = 0
    for name, content, expected in [(None, None, None)] + planted:
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**clean, **({name: content} if name else {})}.items():
                if name == "CONTRIBUTING.md" and path == "README.md":
                    text = text.replace("--all", "")
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            found = check(root, {"--all"})
        if not (len(found) == 1 and expected in found[0] if name else not found):
            failures += 1
            print(f"self-test: {name or 'the clean tree'}: expected {expected!r}, got {found}")
    page = "```sh\ntrue\n```\n\n<!-- not run: why -->\n\n```sh\nfalse\n```\n\n<!-- needs CUDA -->\n\n```sh\nfalse\n```\n"
    for text, expected in ((page, 0), (page + "```sh\ntest -e docs/model.md\nfalse; true\n```\n", 1)):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "docs"))
            for path in ("README.md", "CONTRIBUTING.md", "docs/model.md"):
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text if path == "README.md" else "")
            with contextlib.redirect_stdout(io.StringIO()):
                found = run(root, root, False, [])
            if found != expected:
                failures += 1
                print(f"self-test: commands: expected {expected} failures")
    print(f"self-test: {len(planted) + 3} cases, {failures} failures")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if len(arguments) >= 4 and arguments[0] == "--run" and arguments[3] in ("ON", "OFF"):
        root, bin_folder = map(os.path.abspath, arguments[1:3])
        return 1 if run(root, bin_folder, arguments[3] == "ON", arguments[4:]) else 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found = check(arguments[0], options_of(arguments[1]))
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
