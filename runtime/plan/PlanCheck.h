// Whether a plan's numbers fit together: names unique, indices in range, buffers inside the arena
// and apart from each other, parts inside their parameters. Run on every plan that is loaded; the
// compiler may run it on what it made. That a kernel's spec fits its arguments is checked by the
// executor.
#pragma once

#include "runtime/plan/FieldPath.h"
#include "runtime/plan/Plan.h"

#include <span>
#include <string>

namespace step37::plan {

/// Checks everything. Throws Error: "<origin>: <field path>: what is wrong".
void check(const Plan &plan, const std::string &origin);

/// The parts of it. Each takes for granted what the ones before it have checked.

/// A target's buffers one by one: names, shapes, offsets inside the arena, lifetimes inside their
/// programs.
void checkBuffers(const Target &target, const FieldPath &path);

/// No two buffers that live at the same time share bytes.
void checkOverlaps(const Target &target, const FieldPath &path);

/// Kernels, programs, steps and their arguments.
void checkSteps(const Target &target, const FieldPath &path);

/// Parameters against every target's buffers; parts; names of published tensors.
void checkParameters(const Plan &plan, const FieldPath &root);

/// Dimensions of at least one whose product times `unit` fits 64 bits, and that product.
int64_t checkShape(std::span<const int64_t> shape, int64_t unit, const FieldPath &path);

} // namespace step37::plan
