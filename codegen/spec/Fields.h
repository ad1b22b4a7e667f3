// Macros over lists. STEP37_FOR_EACH(M, a, b, …) is M(a) M(b) …, up to some 80 elements.
// STEP37_FIELDS(a, b, ...): inside a spec struct, defines `visit(self, v)`, which calls
// v("a", self.a), v("b", self.b), ... in order. One list of fields serves JSON, IR and the stub
// printer.
#pragma once

#define STEP37_PARENS ()
#define STEP37_EXPAND(...) STEP37_EXPAND4(STEP37_EXPAND4(STEP37_EXPAND4(__VA_ARGS__)))
#define STEP37_EXPAND4(...) STEP37_EXPAND3(STEP37_EXPAND3(STEP37_EXPAND3(__VA_ARGS__)))
#define STEP37_EXPAND3(...) STEP37_EXPAND2(STEP37_EXPAND2(STEP37_EXPAND2(__VA_ARGS__)))
#define STEP37_EXPAND2(...) STEP37_EXPAND1(STEP37_EXPAND1(STEP37_EXPAND1(__VA_ARGS__)))
#define STEP37_EXPAND1(...) __VA_ARGS__
#define STEP37_FOR_EACH(macro, ...)                                                                \
  __VA_OPT__(STEP37_EXPAND(STEP37_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define STEP37_FOR_EACH_STEP(macro, element, ...)                                                  \
  macro(element) __VA_OPT__(STEP37_FOR_EACH_AGAIN STEP37_PARENS(macro, __VA_ARGS__))
#define STEP37_FOR_EACH_AGAIN() STEP37_FOR_EACH_STEP

#define STEP37_VISIT_FIELD(field) visitor(#field, self.field);
#define STEP37_FIELDS(...)                                                                         \
  template <class Self, class Visitor> static void visit(Self &self, Visitor &&visitor) {          \
    STEP37_FOR_EACH(STEP37_VISIT_FIELD, __VA_ARGS__)                                               \
  }
