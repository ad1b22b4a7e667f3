// STEP37_FIELDS(a, b, ...): inside a spec struct, defines `visit(self, v)`, which calls
// v("a", self.a), v("b", self.b), ... in order. One list of fields serves JSON, IR and the stub
// printer.
#pragma once

#define STEP37_PARENS ()
#define STEP37_EXPAND(...) STEP37_EXPAND3(STEP37_EXPAND3(STEP37_EXPAND3(__VA_ARGS__)))
#define STEP37_EXPAND3(...) STEP37_EXPAND2(STEP37_EXPAND2(STEP37_EXPAND2(__VA_ARGS__)))
#define STEP37_EXPAND2(...) STEP37_EXPAND1(STEP37_EXPAND1(STEP37_EXPAND1(__VA_ARGS__)))
#define STEP37_EXPAND1(...) __VA_ARGS__
#define STEP37_EACH(...) __VA_OPT__(STEP37_EXPAND(STEP37_EACH_STEP(__VA_ARGS__)))
#define STEP37_EACH_STEP(field, ...)                                                               \
  visitor(#field, self.field);                                                                     \
  __VA_OPT__(STEP37_EACH_AGAIN STEP37_PARENS(__VA_ARGS__))
#define STEP37_EACH_AGAIN() STEP37_EACH_STEP

#define STEP37_FIELDS(...)                                                                         \
  template <class Self, class Visitor> static void visit(Self &self, Visitor &&visitor) {          \
    STEP37_EACH(__VA_ARGS__)                                                                       \
  }
