// Options that name no mesh.
// RUN: not step37-opt %s -step37-assign-sharding="axes=dp" 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not step37-opt %s -step37-assign-sharding="axes=dp=1" 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: not step37-opt %s -step37-assign-sharding="axes=dp=2 dims=head=tp" 2>&1 | FileCheck %s --check-prefix=AXIS

// SIZE: error: axes: 'dp' is not name=size, size at least 2
// ONE: error: axes: 'dp=1' is not name=size, size at least 2
// AXIS: error: dims: the mesh has no axis 'tp'
module {}
