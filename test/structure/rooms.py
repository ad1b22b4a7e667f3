"""The rooms of the project: what each is about, what it may include, and what its identifiers never say.

This table is the rule. check_structure.py enforces it, proves it acyclic, and prints the README's table from it.
Rooms stand in the order of the floors, lowest first: a room includes rooms above it in this list only.
"""
from typing import NamedTuple


class Room(NamedTuple):
    path: str
    about: str
    includes: tuple = ()
    never: tuple = ()  # words of identifiers; camelCase and snake_case are split into words
    mlir: bool = False  # knows LLVM and MLIR; the others build on a machine without them


NO_MLIR = ("mlir", "llvm")
NO_LAYERS = NO_MLIR + ("layer", "layers")

ROOMS = (
    Room("runtime/base", "files, errors, JSON, floats, a team of threads, shared libraries", never=NO_LAYERS),
    Room("runtime/plan", "the plan: its structs, its file, its names, its checks", ("runtime/base",), NO_LAYERS),
    Room("codegen/spec", "what a kernel computes and which arguments it takes", ("runtime/base",), NO_MLIR),
    Room("codegen/spec/cuda", "how a kernel runs on a GPU: variants, launch choices, stubs",
         ("codegen/spec", "runtime/base"), NO_MLIR),
    Room("codegen/kernels", "templates of GPU kernels: threads, tiles, barriers", (), NO_MLIR + ("step3p5", "step3p7")),
    Room("codegen/cost", "what work costs: operations, bytes, ceilings, links, predictions",
         ("codegen/spec", "runtime/plan", "runtime/base"), NO_MLIR),
    Room("codegen/nvrtc", "CUDA text to machine code", ("runtime/base",),
         NO_MLIR + ("head", "heads", "expert", "experts", "layer", "layers")),
    Room("frontend/config", "config.json to checked values", ("runtime/plan", "runtime/base"),
         NO_MLIR + ("rank", "ranks", "tile", "tiles")),
    Room("bridge", "published tensors and the buffers of a rank", ("frontend/config", "runtime/plan", "runtime/base"),
         NO_MLIR + ("kernel", "kernels")),
    Room("dialects/step37", "the model's operations: tensors, heads, experts", ("runtime/plan", "runtime/base"),
         ("byte", "bytes", "stream", "streams", "file", "files"), True),
    Room("dialects/plan", "the plan's operations: buffers, offsets, kernels, streams", ("runtime/plan", "runtime/base"),
         ("head", "heads", "expert", "experts", "layer", "layers"), True),
    Room("frontend", "config to step37 IR: fields, order of layers",
         ("dialects/step37", "frontend/config", "bridge", "runtime/plan", "runtime/base"),
         ("rank", "ranks", "tile", "tiles", "kernel", "kernels"), True),
    Room("passes", "pipelines: the one order of passes", ("dialects/step37", "dialects/plan", "runtime/plan"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/differentiate", "the backward program", ("passes", "dialects/step37", "runtime/plan"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/shard", "what a rank computes, and exchange",
         ("passes", "dialects/step37", "runtime/plan"), ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/update", "the optimizer's program",
         ("passes", "passes/shard", "dialects/step37", "dialects/plan", "runtime/plan"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/recompute", "what is kept and what is computed again", ("passes", "dialects/step37", "codegen/cost"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/fuse", "several operations become one", ("passes", "runtime/plan", "dialects/step37", "bridge"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/schedule", "order of steps, streams, addresses", ("passes", "dialects/step37", "dialects/plan"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("passes/verify", "the three contracts between phases",
         ("passes", "passes/shard", "dialects/step37", "dialects/plan", "runtime/plan"),
         ("cuda", "json", "nccl", "nvrtc"), True),
    Room("codegen/select", "operations to kernels on buffers",
         ("dialects/step37", "dialects/plan", "codegen/spec", "codegen/spec/cuda", "codegen/cost", "passes",
          "runtime/plan", "runtime/base"), (), True),
    Room("codegen/emit", "plan IR to the plan, kernels compiled",
         ("dialects/step37", "dialects/plan", "codegen/select", "codegen/spec", "codegen/spec/cuda", "codegen/nvrtc",
          "passes", "passes/recompute", "runtime/plan", "runtime/base"),
         ("head", "heads", "expert", "experts", "layer", "layers"), True),
    Room("codegen/report", "what a plan holds and costs, as text and JSON",
         ("bridge", "codegen/cost", "codegen/spec", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("codegen/driver", "config and options to a plan: the phases of a compilation",
         ("frontend", "frontend/config", "bridge", "passes", "codegen/select", "codegen/emit", "codegen/spec",
          "codegen/cost", "runtime/plan", "runtime/base"), (), True),
    Room("runtime/job", "the processes of a job: ranks, messages, deadlines", ("runtime/base",),
         NO_LAYERS + ("cuda", "nccl", "plan")),
    Room("runtime/exec/base", "what executors share: their interface, checks, what is watched",
         ("codegen/spec", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("runtime/exec/host", "the C++ twin of each kernel family",
         ("runtime/exec/base", "codegen/spec", "runtime/plan", "runtime/base"),
         NO_LAYERS + ("cuda", "nvrtc", "cublas", "nccl")),
    Room("runtime/exec/cuda", "steps on a GPU: the driver, cuBLASLt, NCCL, graphs",
         ("runtime/exec/base", "codegen/spec", "codegen/spec/cuda", "codegen/cost", "codegen/nvrtc", "runtime/job",
          "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("runtime/exec", "a plan made ready to run: its executor, the buffers of all ranks",
         ("runtime/exec/base", "runtime/exec/host", "runtime/exec/cuda", "runtime/job", "bridge", "runtime/plan",
          "runtime/base"), NO_LAYERS),
    Room("runtime/data/image", "JPEG and PNG to normalised views", ("runtime/base",), NO_LAYERS + ("cuda",)),
    Room("runtime/data", "rows to train on: datasets, packing, pictures",
         ("runtime/data/image", "bridge", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("runtime/checkpoint", "tensors of all ranks to files and back",
         ("runtime/exec", "runtime/exec/base", "bridge", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("runtime/profile", "where the time of a run went",
         ("runtime/exec/base", "codegen/cost", "codegen/spec", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("runtime/train", "the run: steps, evaluation, probes, log",
         ("runtime/checkpoint", "runtime/data", "runtime/data/image", "runtime/exec", "runtime/exec/base",
          "runtime/job", "runtime/profile", "bridge", "runtime/plan", "runtime/base"), NO_LAYERS),
    Room("tools", "step37-run: flags to calls; what all programs share",
         ("runtime/train", "runtime/data", "runtime/data/image", "runtime/exec", "runtime/exec/base", "runtime/job",
          "runtime/plan", "runtime/base"), ()),
    Room("tools/step37c", "step37c and step37-opt: flags to calls",
         ("codegen/driver", "codegen/report", "codegen/cost", "codegen/select", "passes", "frontend",
          "frontend/config", "bridge", "runtime/plan", "runtime/base", "tools"), (), True),
)

TESTS = "test"  # looks into every room


def circle(rooms=ROOMS):
    """A list of rooms that include each other in turn, or None."""
    includes = {room.path: room.includes for room in rooms}
    state = {}

    def visit(path, trail):
        if state.get(path) == "done":
            return None
        if path in trail:
            return trail[trail.index(path):] + [path]
        for target in includes.get(path, ()):
            found = visit(target, trail + [path])
            if found:
                return found
        state[path] = "done"
        return None

    for path in includes:
        found = visit(path, [])
        if found:
            return found
    return None


def markdown(rooms=ROOMS):
    """The README's table, lowest floor first."""
    lines = ["| room | is about |", "|---|---|"]
    lines += [f"| `{room.path}` | {room.about} |" for room in rooms]
    return "\n".join(lines) + "\n"
