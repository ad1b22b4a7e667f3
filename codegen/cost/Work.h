// How much a kernel has to do at least: the floating-point operations of its products and the bytes
// that must move. What profiles and kernel tests divide measured times by. What a kernel computes
// is KernelSpec.h.
#pragma once

#include "codegen/spec/KernelSpec.h"

namespace step37::spec {

struct Work {
  double operations = 0; // of products, a multiplication and an addition as two; 0: none to count
  bool tensorCores = false; // all factors are bf16, so that tensor cores can multiply them
  double bytes = 0;         // every input read and every output written once; scratch not counted
};

/// Attention counts pairs of a query and a key as if every row were one document: with several the
/// work is less. Routed rows count as many as the spec has.
Work workOf(const KernelSpec &spec);

/// Of these bytes those of arguments that it writes: what moves where there are no rows to read.
double writtenBytes(const KernelSpec &spec);

/// What a rank sends in an exchange, with every group as a ring; 0 for a kernel that works on its
/// rank alone. Of a counted exchange the rows of balanced routing, where every rank has as many as
/// it owns: those of the first windows.
int64_t bytesSent(const KernelSpec &spec);

} // namespace step37::spec
