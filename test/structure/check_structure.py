#!/usr/bin/env python3
"""Enforces the rooms of the project: who may include whom, what a room never says, and the form of files.

    check_structure.py ROOT     checks a tree; prints every breach, exits 1 if there is one
    check_structure.py --table ROOT     writes the table of rooms into README.md
    check_structure.py --self-test     plants one breach of each rule in a small tree and expects it to be found

Standard library only. The rooms and their floors are in rooms.py.
"""
import os
import re
import sys
import tempfile

from rooms import ROOMS, TESTS, Room, circle, markdown

TABLE_BEGIN, TABLE_END = "<!-- rooms: begin -->\n", "<!-- rooms: end -->\n"

# The name of a norm, which says nothing about layers.
LAYER_NORM = re.compile(r"layer_?norm", re.IGNORECASE)

# Facts with one home: words of identifiers, and the rooms that may say them.
ONLY_IN = {"theta": {"frontend", "frontend/config", "test"}}

MAX_LINES = 500  # of a source file

SOURCE = (".cpp", ".h", ".cuh", ".cu", ".td")
TEXT = SOURCE + (".txt", ".cmake", ".py", ".sh", ".md", ".mlir", ".test", ".in", ".json", ".yml", ".yaml")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|work|root|Users|tmp/[A-Za-z])\b")
INCLUDE = re.compile(r'^\s*#?\s*include\s+"([^"]+)"', re.MULTILINE)
ANGLED = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.MULTILINE)


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "build")) and f != "__pycache__")
        relative = os.path.relpath(folder, root)
        if relative.replace(os.sep, "/") == "test/data":
            folders[:] = []
            continue
        for name in sorted(names):
            yield os.path.normpath(os.path.join(relative, name)).replace(os.sep, "/")


def room_of(path):
    """The room with the longest path that the file lies under; tests lie in a room that may say and include all."""
    if path.startswith(TESTS + "/"):
        return Room(TESTS, "", mlir=True)
    rooms = [room for room in ROOMS if path.startswith(room.path + "/")]
    return max(rooms, key=lambda room: len(room.path), default=None)


def code_of(text, path):
    """The text without comments, string literals and, in TableGen, descriptions."""
    if path.endswith(".td"):
        text = re.sub(r"\[\{.*?\}\]", "", text, flags=re.DOTALL)
    return re.sub(r'/\*.*?\*/|//[^\n]*|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', '""', text, flags=re.DOTALL)


def words_of(code):
    words = set()
    for identifier in set(re.findall(r"[A-Za-z_]\w*", LAYER_NORM.sub("Norm", code))):
        for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", identifier):
            words.add(word.lower())
    return words


def check_includes(path, text):
    room = room_of(path)
    for target in INCLUDE.findall(text):
        if target.startswith(("mlir/", "llvm/")):
            if not room.mlir:
                yield f"{path}: includes {target}, but {room.path} must build without LLVM"
        elif room.path == "codegen/kernels" and "/" not in target:
            pass  # kernels are compiled with virtual includes, by name
        elif "/" not in target:
            yield f"{path}: include of '{target}' is not rooted at the repository"
        elif room.path != TESTS:
            owner = room_of(target)
            if owner is None or (owner.path != room.path and owner.path not in room.includes):
                yield f"{path}: {room.path} may not include {target}"
    for target in ANGLED.findall(text):
        if target.startswith(("mlir/", "llvm/")):
            yield f"{path}: includes <{target}>; includes of a library that we name are quoted"


def check_words(path, text):
    room = room_of(path)
    words = words_of(code_of(text, path))
    for word in sorted(words & set(room.never)):
        yield f"{path}: an identifier says '{word}', which {room.path} never does"
    for word, rooms in ONLY_IN.items():
        if word in words and room.path not in rooms:
            yield f"{path}: an identifier says '{word}', which belongs to {', '.join(sorted(rooms))}"


def check_opening(root, path, text):
    def opens(content):
        return content.lstrip().startswith(("//", "/*"))

    if opens(text):
        return
    header = os.path.splitext(path)[0] + ".h"
    if path.endswith(".cpp") and os.path.exists(os.path.join(root, header)):
        with open(os.path.join(root, header), encoding="utf-8") as file:
            if opens(file.read()):
                return
    yield f"{path}: does not open with a comment about its job"


def check_rooms(rooms):
    """The table itself: floors without circles, every room after the rooms that it includes."""
    found = circle(rooms)
    if found:
        yield "rooms.py: a circle of includes: " + " -> ".join(found)
        return
    seen = set()
    for room in rooms:
        for target in room.includes:
            if target not in seen:
                yield f"rooms.py: {room.path} stands before {target}, which it includes"
        seen.add(room.path)


def readme_with_table(text):
    begin, end = text.index(TABLE_BEGIN) + len(TABLE_BEGIN), text.index(TABLE_END)
    return text[:begin] + markdown() + text[end:]


def check_readme(root):
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = file.read()
    if TABLE_BEGIN not in text or TABLE_END not in text:
        yield "README.md: has no table of rooms between its marks"
    elif readme_with_table(text) != text:
        yield "README.md: the table of rooms differs from rooms.py; check_structure.py --table ROOT writes it"


def check(root):
    breaches = list(check_readme(root))
    for path in files_of(root):
        if "utils" in os.path.basename(path).lower():
            breaches.append(f"{path}: a file called Utils has no job")
        if not path.endswith(TEXT):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        if path != "test/structure/check_structure.py":  # it names what it forbids
            for number, line in enumerate(text.splitlines(), 1):
                if MACHINE_PATH.search(line):
                    breaches.append(f"{path}:{number}: a path of one machine")
        if not path.endswith(SOURCE):
            continue
        if room_of(path) is None:
            breaches.append(f"{path}: lies in no room; rooms.py lists them")
            continue
        breaches += check_includes(path, text)
        breaches += check_words(path, text)
        breaches += check_opening(root, path, text)
        lines = text.count("\n")
        if lines > MAX_LINES:
            breaches.append(f"{path}: {lines} lines, more than {MAX_LINES}")
    return breaches


def self_test():
    """Every planted file must give exactly one breach, with these words, and the clean tree none."""
    clean = {
        "passes/A.h": '// A pass.\n#include "dialects/step37/D.h"\n#include "mlir/Pass/Pass.h"\n',
        "passes/A.cpp": '#include "passes/A.h"\nauto s = "cuda json"; // nccl\n',
        "dialects/step37/D.td": "// Ops.\ndef D { let description = [{ bytes and files }]; }\n",
        "runtime/base/F.h": '// Reads.\n#include "runtime/base/DType.h"\nint kLayered, LayerNormGrad, layer_norm;\n',
        "codegen/kernels/k.cuh": '// A kernel.\n#include "element.cuh"\n',
        "test/t_test.cpp": '// Tests.\n#include "passes/A.h"\n#include "mlir/IR/Builders.h"\nint head_layer;\n',
        "tools/run.sh": "cd $(mktemp -d) && ls /usr/lib ${root}/work\n",
        "test/data/golden.json": '"/home/somebody"',
        "build-x/broken.cpp": "no comment",
        "README.md": TABLE_BEGIN + markdown() + TABLE_END,
    }
    planted = [
        ("runtime/plan/P.h", '// P.\n#include "mlir/IR/Builders.h"\n', "must build without LLVM"),
        ("frontend/config/C.h", '// C.\n#include "llvm/ADT/StringMap.h"\n', "must build without LLVM"),
        ("passes/B.cpp", '// B.\n#include "codegen/select/S.h"\n', "may not include"),
        ("codegen/spec/S.cpp", '// S.\n#include "runtime/plan/Plan.h"\n', "may not include"),
        ("bridge/B.cpp", '// B.\n#include "runtime/exec/host/Gemm.h"\n', "may not include"),
        ("dialects/plan/P.td", '// P.\ninclude "dialects/step37/Step37Ops.td"\n', "may not include"),
        ("passes/C.cpp", '// C.\n#include "A.h"\n', "not rooted"),
        ("passes/D.cpp", "// D.\n#include <mlir/IR/Builders.h>\n", "quoted"),
        ("passes/StringUtils.h", "// U.\n", "has no job"),
        ("passes/E.cpp", "// E.\nint toJson;\n", "says 'json'"),
        ("dialects/plan/Q.cpp", "// Q.\nint num_experts;\n", "says 'experts'"),
        ("frontend/F.cpp", "// F.\nint rankOf;\n", "says 'rank'"),
        ("runtime/exec/host/L.cpp", "// L.\nint layerNormOfLayer;\n", "says 'layer'"),
        ("runtime/exec/host/R.cpp", "// R.\nint ropeTheta;\n", "says 'theta'"),
        ("runtime/exec/host/G.cpp", "// G.\nint cudaStream;\n", "says 'cuda'"),
        ("passes/F.cpp", "int f;\n", "open with a comment"),
        ("passes/G.cpp", "// G.\n" + "int g;\n" * MAX_LINES, "lines, more than"),
        ("tools/demo.sh", "cd /home/me/step37\n", "path of one machine"),
        ("elsewhere/E.cpp", "// E.\n", "lies in no room"),
        ("README.md", "no table\n", "no table of rooms"),
        ("README.md", TABLE_BEGIN + TABLE_END, "differs from rooms.py"),
        ("runtime/base/U.h", '// U.\n#include "runtime/plan/Plan.h"\n', "may not include"),
        ("runtime/plan/U.h", '// U.\n#include "codegen/spec/KernelSpec.h"\n', "may not include"),
    ]
    failures = 0
    for name, content, expected in [(None, None, None)] + planted:
        with tempfile.TemporaryDirectory() as root:
            for path, text in list(clean.items()) + ([(name, content)] if name else []):
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            breaches = check(root)
        found = len(breaches) == 1 and expected in breaches[0] if name else not breaches
        if not found:
            failures += 1
            print(f"self-test: {name or 'the clean tree'}: expected {expected!r}, got {breaches}")
    tables = [
        (ROOMS, None),
        (ROOMS + (Room("a", "", ("b",)), Room("b", "", ("a",))), "a -> b -> a"),
        ((Room("a", "", ("b",)), Room("b", "")), "a stands before b"),
    ]
    for rooms, expected in tables:
        breaches = list(check_rooms(rooms))
        if breaches if expected is None else not any(expected in breach for breach in breaches):
            failures += 1
            print(f"self-test: a table of rooms: expected {expected!r}, got {breaches}")
    print(f"self-test: {len(planted) + 1} trees, {len(tables)} tables, {failures} failures")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if len(arguments) == 2 and arguments[0] == "--table":
        path = os.path.join(arguments[1], "README.md")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(readme_with_table(text))
        return 0
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    breaches = list(check_rooms(ROOMS)) + check(arguments[0])
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
