// A kernel's buffer arguments as its spec declares them, once and by name: role, element type,
// extent. From the one list STEP37_ARGUMENTS of a spec come its launch order, the struct of named
// operands that selection fills and host twins read, and the accessors in a kernel's stub. What
// each family takes is in its struct (KernelSpec.h, MeshSpecs.h, VisionSpec.h); which buffers they
// are is the plan's.
#pragma once

#include "codegen/spec/Fields.h"
#include "runtime/base/DType.h"

#include <cassert>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace step37::spec {

enum class Access : uint8_t { read, write, readWrite };

/// One buffer argument of a kernel: its role, element type and the extent in elements that the
/// kernel may touch from the argument's first element on (strides included).
struct Argument {
  std::string name;
  Access access;
  DType type;
  int64_t elements;
  /// Index of a read argument whose storage this written argument may share (same element at the
  /// same time), or -1.
  int inPlaceOf = -1;
  /// Rows of `cols` elements whose starts are `stride` apart; what lies between rows belongs to
  /// others. 0: there are no gaps.
  int64_t cols = 0, stride = 0;
  /// Of a written argument: only some of its elements, which others say.
  bool partial = false;

  /// Elements that the kernel may touch.
  int64_t touched() const {
    return stride == 0 ? elements : ((elements - cols) / stride + 1) * cols;
  }
};

using Arguments = std::vector<Argument>;

/// A name of STEP37_ARGUMENTS for the values of a spec: which of the arguments in launch order it
/// is. `count` is 0 where the spec has no such argument, and any number for a list.
struct Declaration {
  std::string_view name;
  Access access;
  DType type;
  bool list;    // declared with each: arguments name0, name1, …
  size_t first; // index in launch order
  size_t count;
};

/// A number of elements that remembers an overflow, and the rows that it is made of if `strided`
/// gave it.
struct Count {
  int64_t value;
  bool valid = true;
  int64_t cols = 0, stride = 0; // as in Argument

  Count(int64_t value) : value(value) {}
  friend Count operator*(Count a, Count b) {
    a.valid &= b.valid && !__builtin_mul_overflow(a.value, b.value, &a.value);
    return a;
  }
  friend Count operator+(Count a, Count b) {
    a.valid &= b.valid && !__builtin_add_overflow(a.value, b.value, &a.value);
    return a;
  }
};

/// Elements of a dense tensor with these dimensions.
template <class... Dimensions> Count shape(Dimensions... dimensions) {
  return (Count(1) * ... * Count(dimensions));
}

/// Elements from the first of a matrix to its last: the last row counts only its columns.
inline Count strided(int64_t rows, int64_t cols, int64_t stride) {
  Count count = Count(rows - 1) * stride + cols;
  if (stride != cols) {
    count.cols = cols;
    count.stride = stride;
  }
  return count;
}

inline int64_t blockCount(int64_t count, int64_t perBlock) { return (count - 1) / perBlock + 1; }

// What a declaration may say after the extent.

/// The argument exists only if this holds.
struct when {
  bool holds;
  explicit when(bool holds) : holds(holds) {}
};
/// The written argument may share the storage of a read one (of a list: its first); "": of none.
struct inPlaceOf {
  std::string_view name;
  explicit inPlaceOf(std::string_view name) : name(name) {}
};
/// Whether only some elements are written.
struct partly {
  bool holds;
  explicit partly(bool holds) : holds(holds) {}
};

/// Collects declarations in launch order, with checked extents.
class ArgumentList {
public:
  explicit ArgumentList(std::string_view family) : family(family) {}

  template <class... Options>
  void access(std::string_view name, Access access, DType type, Count elements,
              Options... options) {
    Entry entry{name, access, type, elements};
    (entry.apply(options), ...);
    add(entry);
  }
  template <class... Options>
  void read(std::string_view name, DType type, Count elements, Options... options) {
    access(name, Access::read, type, elements, options...);
  }
  template <class... Options>
  void write(std::string_view name, DType type, Count elements, Options... options) {
    access(name, Access::write, type, elements, options...);
  }
  template <class... Options>
  void readWrite(std::string_view name, DType type, Count elements, Options... options) {
    access(name, Access::readWrite, type, elements, options...);
  }
  /// An f32 slot of one element.
  template <class... Options> void slot(std::string_view name, Options... options) {
    access(name, Access::read, DType::f32, 1, options...);
  }
  /// A list of `count` read arguments of the same extent.
  void each(std::string_view name, DType type, Count elements, int64_t count);
  /// A list of read arguments with these numbers of elements.
  void each(std::string_view name, DType type, const std::vector<int64_t> &sizes);

  /// Throws Error where the bytes of an argument do not fit in 64 bits.
  const Arguments &arguments() const { return all; }
  const std::vector<Declaration> &declarations() const { return declared; }

private:
  struct Entry {
    std::string_view name;
    Access access;
    DType type;
    Count elements;
    bool exists = true, partial = false;
    std::string_view inPlace{};

    void apply(when option) { exists = option.holds; }
    void apply(inPlaceOf option) { inPlace = option.name; }
    void apply(partly option) { partial = option.holds; }
  };
  void add(const Entry &entry);
  void push(std::string name, const Entry &entry);
  int indexOf(std::string_view name) const;

  std::string_view family;
  Arguments all;
  std::vector<Declaration> declared;
};

/// STEP37_ARGUMENTS((kind, name, …), …) inside a spec struct declares its arguments in launch
/// order, one a line:
///   (read, x, type, shape(rows, cols))            read; write and readWrite likewise
///   (read, b, type, strided(rows, cols, b_stride), when(has_b))
///   (write, y, type, shape(rows, cols), inPlaceOf("x"))
///   (access, c, accumulate ? Access::readWrite : Access::write, type, shape(m, n))
///   (slot, beta)                                  an f32 slot of one element
///   (each, addend, type, shape(rows, cols), addends)   a list
/// and defines
///   arguments()      in launch order, absent ones left out
///   declarations()   every name, absent ones too
///   Operands<T>      a struct with a member T (a list: std::vector<T>) for every name, to be
///   filled
///                    with designated initializers: `Swiglu::Operands<Value>{.gate = g, .up = u}`
///   argumentsText    the list as it is written, for ARGUMENTS.md
#define STEP37_ARGUMENTS(...)                                                                      \
  template <class T> struct Operands {                                                             \
    STEP37_FOR_EACH(STEP37_ARGUMENT_MEMBER, __VA_ARGS__)                                           \
    template <class Self, class Visitor> static void visit(Self &self, Visitor &&visitor) {        \
      STEP37_FOR_EACH(STEP37_ARGUMENT_VISIT, __VA_ARGS__)                                          \
    }                                                                                              \
  };                                                                                               \
  ArgumentList argumentList() const {                                                              \
    ArgumentList list(family);                                                                     \
    STEP37_FOR_EACH(STEP37_ARGUMENT_DECLARE, __VA_ARGS__)                                          \
    return list;                                                                                   \
  }                                                                                                \
  Arguments arguments() const { return argumentList().arguments(); }                               \
  std::vector<Declaration> declarations() const { return argumentList().declarations(); }          \
  static constexpr std::string_view argumentsText = #__VA_ARGS__;

#define STEP37_ARGUMENT_MEMBER(entry) STEP37_ARGUMENT_MEMBER_OF entry
#define STEP37_ARGUMENT_MEMBER_OF(kind, name, ...) STEP37_MEMBER_##kind name{};
#define STEP37_MEMBER_read T
#define STEP37_MEMBER_write T
#define STEP37_MEMBER_readWrite T
#define STEP37_MEMBER_access T
#define STEP37_MEMBER_slot T
#define STEP37_MEMBER_each std::vector<T>

#define STEP37_ARGUMENT_VISIT(entry) STEP37_ARGUMENT_VISIT_OF entry
#define STEP37_ARGUMENT_VISIT_OF(kind, name, ...) visitor(self.name);

#define STEP37_ARGUMENT_DECLARE(entry) STEP37_ARGUMENT_DECLARE_OF entry
#define STEP37_ARGUMENT_DECLARE_OF(kind, name, ...) list.kind(#name __VA_OPT__(, ) __VA_ARGS__);

template <class Spec, class T> using Operands = typename Spec::template Operands<T>;

namespace detail {

template <class> inline constexpr bool isList = false;
template <class T> inline constexpr bool isList<std::vector<T>> = true;

/// Calls one(member, declaration) or list(member, declaration) for every name.
template <class Spec, class Self, class One, class List>
void forEachOperand(const Spec &spec, Self &operands, One &&one, List &&list) {
  const std::vector<Declaration> declarations = spec.declarations();
  size_t next = 0;
  std::remove_const_t<Self>::visit(operands, [&](auto &member) {
    const Declaration &declaration = declarations[next++];
    if constexpr (isList<std::remove_cvref_t<decltype(member)>>)
      list(member, declaration);
    else
      one(member, declaration);
  });
}

} // namespace detail

/// The operands by name, from launch order; empty (T()) where the spec lacks one.
template <class Spec, class T>
Operands<Spec, T> byName(const Spec &spec, std::span<const T> inOrder) {
  Operands<Spec, T> operands;
  detail::forEachOperand(
      spec, operands,
      [&](T &member, const Declaration &declaration) {
        if (declaration.count > 0)
          member = inOrder[declaration.first];
      },
      [&](std::vector<T> &members, const Declaration &declaration) {
        const auto begin = inOrder.begin() + static_cast<std::ptrdiff_t>(declaration.first);
        members.assign(begin, begin + static_cast<std::ptrdiff_t>(declaration.count));
      });
  return operands;
}

/// Inverse of byName. An operand that the spec lacks must be empty, one that it has must not be.
template <class T, class Spec>
std::vector<T> inOrder(const Spec &spec, const typename Spec::template Operands<T> &operands) {
  std::vector<T> order;
  detail::forEachOperand(
      spec, operands,
      [&](const T &member, const Declaration &declaration) {
        assert((member != T()) == (declaration.count > 0) && "an operand is there as declared");
        if (declaration.count > 0)
          order.push_back(member);
      },
      [&](const std::vector<T> &members, const Declaration &declaration) {
        assert(members.size() == declaration.count && "a list is as long as declared");
        order.insert(order.end(), members.begin(), members.end());
      });
  return order;
}

} // namespace step37::spec
