// Whether a plan's numbers fit together: names unique, indices in range, buffers inside the arena
// and apart from each other, parts inside their parameters. Run on every plan that is loaded; the
// compiler may run it on what it made. That a kernel's spec fits its arguments is checked by the
// executor.
#pragma once

#include "runtime/base/FieldPath.h"
#include "runtime/plan/Plan.h"

#include <span>
#include <string>
#include <vector>

namespace step37::plan {

/// Checks everything. Throws Error: "<origin>: <field path>: what is wrong".
void check(const Plan &plan, const std::string &origin);

/// The parts of it. Each takes for granted what the ones before it have checked.

/// Sizes of at least one; axes of different names that make up dp·tp ranks.
void checkMesh(const Mesh &mesh, const FieldPath &path);

/// A target's buffers one by one: names, shapes, offsets inside the arena, lifetimes inside their
/// programs, splits and coordinates on the mesh.
void checkBuffers(const Target &target, const Mesh &mesh, const FieldPath &path);

/// No two buffers that live at the same time share bytes.
void checkOverlaps(const Target &target, const FieldPath &path);

/// Programs, their roles and what they take and give; steps, their streams and their arguments;
/// that collective steps have collective kernels.
void checkSteps(const Target &target, const FieldPath &path);

/// What is kept and computed again: sizes whose sums fit 64 bits, only with a program `accumulate`.
void checkActivations(const Plan &plan, const FieldPath &path);

/// Parameters against every target's buffers; parts; names of published tensors.
void checkParameters(const Plan &plan, const FieldPath &root);

void checkPositive(int64_t value, const FieldPath &path);

/// A list of axes of the mesh, in its order.
void checkAxes(const Mesh &mesh, const std::vector<std::string> &axes, const FieldPath &path);

/// Nothing, or a list of axes for each dimension, no axis twice.
void checkSplit(const Mesh &mesh, const Split &split, size_t dimensions, const FieldPath &path);

/// Dimensions of at least one whose product times `unit` fits 64 bits, and that product.
int64_t checkShape(std::span<const int64_t> shape, int64_t unit, const FieldPath &path);

} // namespace step37::plan
