#!/usr/bin/env python3
"""Reads every example in the ODS of both dialects with step37-opt, which parses and verifies it.

    check_examples.py STEP37_OPT ROOT
    check_examples.py --self-test STEP37_OPT     expects wrong examples to be found

An example is the text of a ```mlir block in dialects/*/*.td. It shows an operation, not a whole module: symbols that it
names are those of PRELUDES, and a value that it uses and does not define becomes an argument of the type that the
example says. An example of the plan dialect stands in a program, one that declares a symbol of its own beside it.
"""
import glob
import os
import re
import subprocess
import sys

# Symbols that examples may name. An example that declares one of them itself replaces it.
WEIGHT = "parts [#step37.part<\"w\", f32, [32, 16], blocks = 1, begin = 0, stride = 0, init_std = 0.0 : f64>]"
PRELUDES = {
    "step37": [
        f"step37.parameter @w : tensor<32x16xf32> trained true decay true {WEIGHT}",
        "step37.state gradient @gradient.w of @w : tensor<32x16xf32>",
        'step37.state optimizer "moment1" @moment1.w of @w : tensor<32x16xf32>',
        'step37.state optimizer "moment2" @moment2.w of @w : tensor<32x16xf32>',
        "step37.state activation @final_hidden : tensor<8x16xf32>",
    ],
    "plan": [
        "plan.buffer parameter weights @lm_head.weight : memref<320x64xf32>",
        "plan.buffer parameter weights @w : memref<32x16xf32>",
        "plan.buffer state gradients @gradient.w : memref<32x16xf32>",
        "plan.buffer state optimizer @moment1.w : memref<32x16xf32>",
        "plan.buffer input io @x : memref<8xf32>",
        *(f'plan.kernel @{name} "{family}" variant "host" reason "" spec {{{spec}}} arguments '
          f'[#plan.argument<"a" read f32 x {a}, in_place_of = -1>, {b}'
          f'#plan.argument<"out" write f32 x {out}, in_place_of = -1>]'
          for name, family, spec, a, b, out in (
              ("add_1", "add", "", 8, '#plan.argument<"b" read f32 x 8, in_place_of = -1>, ', 8),
              ("gemm_1", "gemm", "", 128, '#plan.argument<"b" read f32 x 512, in_place_of = -1>, ', 256),
              ("collective_1", "collective", 'axes = ["dp"], exchange = "all_gather"', 8, "", 16))),
    ],
}
ON_TOP = re.compile(r"^ *(?:step37\.(?:parameter|state|carried)|plan\.(?:buffer|kernel|parameter|program))\b")
DECLARES = re.compile(r"^ *(?:step37\.(?:parameter|state|carried)|plan\.(?:buffer|kernel))\b.*@")
SYMBOL = re.compile(r"@([\w.]+)")


def examples(root):
    """(file, line of the example's first line, dialect, text) of every example."""
    for path in sorted(glob.glob(os.path.join(root, "dialects", "*", "*.td"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(r"```mlir\n(.*?)\n *```", text, re.DOTALL):
            name = os.path.relpath(path, root)
            yield name, text.count("\n", 0, match.start()) + 2, name.split(os.sep)[1], match.group(1)


def types_of(text):
    """The types in `(A, B) -> C`, `A, B` or `A to B` before the arrow, in order."""
    types, depth, last = [], 0, ""
    for character in re.split(r" -> | to ", text)[0] + ",":
        depth += character in "<[{"
        depth -= character in ">]}"
        if depth == 0 and character in ",()":
            if last.strip():
                types.append(last.strip())
            last = ""
        else:
            last += character
    return types


def free_values(example):
    """Values that the example uses and does not define, with their types."""
    free, defined = {}, set()
    statements = re.sub(r"\n\s*(?=[^\s%}])(?!step37\.|plan\.)", " ", example)  # a statement that goes on
    for statement in statements.splitlines():
        results, equals, rest = statement.partition("=")
        if not (equals and re.fullmatch(r"[\s%\w,:]*", results)):
            results, rest = "", statement
        without_attributes = re.sub(r"\{[^{}]*\}", "", rest)
        operation, _, types = without_attributes.partition(" : ")
        operands = re.findall(r"%\w+", operation)
        found = types_of(types)
        if len(found) == 1:
            found *= len(operands)
        for operand, type_ in zip(operands, found):
            if operand not in defined:
                free.setdefault(operand, type_)
        defined.update(re.findall(r"%\w+", results))
    return free


def module_of(dialect, example):
    """(text of a module with the example, its line of the example's first line)."""
    declared = {SYMBOL.search(line).group(1) for line in example.splitlines() if DECLARES.match(line)}
    own = lambda line: SYMBOL.search(line).group(1)
    lines = [line for line in PRELUDES[dialect] if own(line) not in declared]
    if ON_TOP.match(example):
        return "\n".join(lines + [example]) + "\n", len(lines) + 1
    free = free_values(example)
    if dialect == "step37":
        lines.append("func.func @example(%s) {" % ", ".join(f"{name}: {type_}" for name, type_ in free.items()))
        end = ["return", "}"]
    else:
        lines.append('plan.program "eval" {')
        lines += [f"{name} = plan.temporary activations : {type_}" for name, type_ in free.items()]
        end = ["}"]
    return "\n".join(lines + [example] + end) + "\n", len(lines) + 1


def breaches(step37_opt, found):
    """What step37-opt says of each example that it does not take."""
    for path, line, dialect, example in found:
        text, first = module_of(dialect, example)
        run = subprocess.run([step37_opt, "-"], input=text, capture_output=True, text=True, check=False)
        if run.returncode:
            at = re.search(r"<stdin>:(\d+):\d+: error: (.*)|error: (.*)", run.stderr)
            where = line + max(int(at.group(1)) - first, 0) if at and at.group(1) else line
            yield f"{path}:{where}: {(at.group(2) or at.group(3)) if at else run.stderr.strip()}"


def self_test(step37_opt):
    cases = [
        ("%y = step37.quick_gelu %x : tensor<8x16xf32>", 0),
        ("%a, %b = step37.join_columns %x : (tensor<8x16xf32>) -> tensor<8x16xf32>", 1),  # one result
        ("step37.accumulate_gradient @nothing, %x, %b : tensor<32x16xf32>, tensor<1xf32>", 1),  # no such symbol
        ("%y = step37.quick_gelu %x : tensor<8x16xi32>", 1),  # no such type of elements
    ]
    failures = [text for text, count in cases
                if len(list(breaches(step37_opt, [("case", 1, "step37", text)]))) != count]
    for failure in failures:
        print("self-test:", failure)
    return failures


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--self-test":
        return 1 if self_test(arguments[1]) else 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found = list(examples(arguments[1]))
    wrong = list(breaches(arguments[0], found))
    for breach in wrong:
        print(breach)
    print(f"{len(found)} examples, {len(wrong)} wrong")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
