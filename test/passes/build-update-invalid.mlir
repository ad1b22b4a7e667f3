// An optimizer that the table does not have.
// RUN: step37-opt %s -step37-build-update=optimizer=sgd -verify-diagnostics

// expected-error @below {{there is no optimizer 'sgd'}}
module {
}
