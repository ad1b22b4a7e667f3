// Kernel specs as attributes of the plan dialect, which knows them only as dictionaries.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "dialects/plan/PlanDialect.h"

#include <nlohmann/json.hpp>

namespace step37 {

/// All fields of the spec by name: integers as i64, numbers as f64, types and enums as strings.
mlir::DictionaryAttr specToAttribute(mlir::MLIRContext *context, const spec::KernelSpec &spec);

/// An object of such values.
mlir::DictionaryAttr toDictionary(mlir::MLIRContext *context, const nlohmann::ordered_json &json);

/// The kernel's arguments, for steps and memory planning.
mlir::ArrayAttr argumentsToAttribute(mlir::MLIRContext *context, const spec::Arguments &arguments);

/// Builtin type of an element type, and back (f32, bf16, i32, i64, u8).
mlir::Type typeOf(mlir::MLIRContext *context, DType type);
DType dtypeOf(mlir::Type type);

/// Names of mesh axes, as plans and specs list them.
std::vector<std::string> namesOf(mlir::ArrayAttr axes);

} // namespace step37
