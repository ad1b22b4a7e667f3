#include "codegen/select/SpecAttributes.h"

#include "codegen/spec/SpecJson.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37 {
namespace {

/// The spec's JSON form is the one list of fields; the dictionary mirrors it.
Attribute toAttribute(Builder &builder, const nlohmann::ordered_json &value) {
  if (value.is_boolean())
    return builder.getBoolAttr(value.get<bool>());
  if (value.is_number_integer())
    return builder.getI64IntegerAttr(value.get<int64_t>());
  if (value.is_number())
    return builder.getF64FloatAttr(value.get<double>());
  if (value.is_string())
    return builder.getStringAttr(value.get<std::string>());
  assert(value.is_array() && "specs hold scalars and lists of them");
  SmallVector<Attribute> elements;
  for (const nlohmann::ordered_json &element : value)
    elements.push_back(toAttribute(builder, element));
  return builder.getArrayAttr(elements);
}

planir::Access accessOf(spec::Access access) {
  switch (access) {
  case spec::Access::read:
    return planir::Access::Read;
  case spec::Access::write:
    return planir::Access::Write;
  case spec::Access::readWrite:
    return planir::Access::ReadWrite;
  }
  llvm_unreachable("all accesses are listed");
}

} // namespace

DictionaryAttr specToAttribute(MLIRContext *context, const spec::KernelSpec &spec) {
  return toDictionary(context, spec::toJson(spec));
}

DictionaryAttr toDictionary(MLIRContext *context, const nlohmann::ordered_json &json) {
  Builder builder(context);
  NamedAttrList fields;
  for (const auto &[name, value] : json.items())
    fields.append(name, toAttribute(builder, value));
  return fields.getDictionary(context);
}

ArrayAttr argumentsToAttribute(MLIRContext *context, const spec::Arguments &arguments) {
  SmallVector<Attribute> attributes;
  for (const spec::Argument &argument : arguments)
    attributes.push_back(planir::ArgumentAttr::get(
        context, argument.name, accessOf(argument.access), typeOf(context, argument.type),
        argument.elements, argument.inPlaceOf));
  return ArrayAttr::get(context, attributes);
}

Type typeOf(MLIRContext *context, DType type) {
  Builder builder(context);
  switch (type) {
  case DType::f32:
    return builder.getF32Type();
  case DType::bf16:
    return builder.getBF16Type();
  case DType::i32:
    return builder.getI32Type();
  case DType::i64:
    return builder.getI64Type();
  case DType::u8:
    return builder.getI8Type();
  default:
    llvm_unreachable("no kernel computes with this type");
  }
}

DType dtypeOf(Type type) {
  if (type.isF32())
    return DType::f32;
  if (type.isBF16())
    return DType::bf16;
  if (type.isInteger(32))
    return DType::i32;
  if (type.isInteger(64))
    return DType::i64;
  if (type.isInteger(8))
    return DType::u8;
  llvm_unreachable("no buffer has this type");
}

std::vector<std::string> namesOf(ArrayAttr axes) {
  std::vector<std::string> names;
  for (auto axis : axes.getAsRange<StringAttr>())
    names.push_back(axis.str());
  return names;
}

} // namespace step37
