# lit's view of the tests: what a test file is, and where the tools are. lit.site.cfg.py has the
# folders of this build.
import os

import lit.formats
from lit.llvm import llvm_config

config.name = "step37"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.step37_obj_root, "test")

config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
llvm_config.with_system_environment(["HOME", "TMP", "TEMP"])
llvm_config.add_tool_substitutions(
    ["step37-opt", "step37c", "step37-shard-check", "FileCheck", "not", "split-file"],
    [config.step37_tools_dir, config.llvm_tools_dir],
)
