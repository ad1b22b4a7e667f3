#include "frontend/ModuleBuilder.h"

using namespace mlir;

namespace step37 {
namespace {

Type elementType(MLIRContext &context, DType type) {
  return type == DType::f32 ? Type(Float32Type::get(&context)) : Type(BFloat16Type::get(&context));
}

} // namespace

ModuleBuilder::ModuleBuilder(MLIRContext &context, DType type)
    : root(ModuleOp::create(UnknownLoc::get(&context))), builder(&context),
      element(elementType(context, type)), loc(UnknownLoc::get(&context)) {
  builder.setInsertionPointToEnd(root->getBody());
}

void ModuleBuilder::addParameter(const PublishedTensor &tensor, const InitialDistribution &initial,
                                 bool trained) {
  bool matrix = tensor.shape.size() >= 2;
  Type published = elementType(*builder.getContext(), tensor.type);
  Type stored = tensor.rule->selects ? published : element;
  auto part = ir::PartAttr::get(
      builder.getContext(), builder.getStringAttr(tensor.name), published, tensor.shape,
      /*blocks=*/1, /*begin=*/0, /*stride=*/0, builder.getF64FloatAttr(initial.deviation),
      initial.mean == 0 ? FloatAttr() : builder.getF64FloatAttr(initial.mean),
      /*split=*/ArrayAttr(), /*whole=*/{});
  // The kernel of a convolution is the matrix that its windows are multiplied with.
  SmallVector<int64_t> shape(ArrayRef<int64_t>(tensor.shape));
  if (shape.size() == 4)
    shape = {shape[0], shape[1] * shape[2] * shape[3]};
  Location at = NameLoc::get(builder.getStringAttr(tensor.name));
  std::string pack = packName(tensor);
  SmallVector<StringRef> dims(llvm::to_vector_of<StringRef>(logicalDims(tensor)));
  ir::ParameterOp::create(builder, at, tensor.name, RankedTensorType::get(shape, stored), trained,
                          matrix, pack.empty() ? StringAttr() : builder.getStringAttr(pack),
                          dims.empty() ? ArrayAttr() : builder.getStrArrayAttr(dims),
                          /*split=*/ArrayAttr(), builder.getArrayAttr({part}));
}

void ModuleBuilder::addCarried(const PublishedTensor &tensor) {
  auto type = RankedTensorType::get(tensor.shape, elementType(*builder.getContext(), tensor.type));
  ir::CarriedOp::create(builder, loc, tensor.name, type);
}

void ModuleBuilder::beginProgram(StringRef name, ArrayRef<ProgramArgument> programArguments) {
  SmallVector<Type> types;
  for (const ProgramArgument &argument : programArguments)
    types.push_back(argument.type);
  builder.setInsertionPointToEnd(root->getBody());
  loc = NameLoc::get(builder.getStringAttr(name)); // not where the last program ended
  function = func::FuncOp::create(builder, loc, name, builder.getFunctionType(types, {}));
  arguments.clear();
  reads.clear();
  Block *body = function.addEntryBlock();
  for (auto [index, argument] : llvm::enumerate(programArguments)) {
    function.setArgAttr(index, "step37.name", builder.getStringAttr(argument.name));
    function.setArgAttr(index, "step37.class", builder.getStringAttr(argument.bufferClass));
    if (!argument.counts.empty()) {
      SmallVector<StringRef> dims(argument.type.getShape().size());
      dims.front() = argument.counts;
      function.setArgAttr(index, "step37.dims", builder.getStrArrayAttr(dims));
    }
    arguments[argument.name] = body->getArgument(index);
  }
  builder.setInsertionPointToEnd(body);
}

void ModuleBuilder::endProgram(ArrayRef<std::pair<std::string, Value>> results) {
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (const auto &[name, value] : results) {
    values.push_back(value);
    types.push_back(value.getType());
  }
  func::ReturnOp::create(builder, loc, values);
  function.setFunctionType(builder.getFunctionType(function.getArgumentTypes(), types));
  for (auto [index, result] : llvm::enumerate(results))
    function.setResultAttr(index, "step37.name", builder.getStringAttr(result.first));
  builder.setInsertionPointToEnd(root->getBody());
}

Value ModuleBuilder::argument(StringRef name) const { return arguments.lookup(name); }

void ModuleBuilder::setPath(const Twine &path) { loc = NameLoc::get(builder.getStringAttr(path)); }

RankedTensorType ModuleBuilder::tensor(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, element);
}
RankedTensorType ModuleBuilder::f32(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, Float32Type::get(builder.getContext()));
}
RankedTensorType ModuleBuilder::i32(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, IntegerType::get(builder.getContext(), 32));
}

Value ModuleBuilder::parameter(const TensorAt &tensor) {
  std::string symbol = tensor.name();
  Value &read = reads[symbol];
  if (!read) {
    auto parameter = root->lookupSymbol<ir::ParameterOp>(symbol);
    assert(parameter && "the inventory has every parameter that the model reads");
    read = ir::ReadOp::create(builder, loc, parameter.getTensorType(), symbol);
  }
  return read;
}

Location ModuleBuilder::moduleOf(const TensorAt &tensor) {
  return NameLoc::get(builder.getStringAttr(tensor.module()));
}

Value ModuleBuilder::linear(Value x, const TensorAt &tensor, bool wide) {
  Value weight = parameter(tensor);
  int64_t rows = cast<RankedTensorType>(x.getType()).getDimSize(0);
  int64_t cols = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  RankedTensorType type = wide ? f32({rows, cols}) : this->tensor({rows, cols});
  return ir::MatmulOp::create(builder, moduleOf(tensor), type, x, weight, /*transpose_a=*/false,
                              /*transpose_b=*/true);
}

Value ModuleBuilder::rmsNorm(Value x, const TensorAt &tensor, double eps) {
  Value weight = parameter(tensor);
  int64_t rows = cast<RankedTensorType>(x.getType()).getDimSize(0);
  return ir::RmsNormOp::create(builder, moduleOf(tensor), x.getType(), f32({rows}), Type(),
                               ValueRange{x}, weight, builder.getF64FloatAttr(eps),
                               builder.getF64FloatAttr(normWeightOffset))
      .getY();
}

Value ModuleBuilder::add(ArrayRef<Value> values) {
  return ir::AddOp::create(builder, loc, values.front().getType(), values);
}

} // namespace step37
