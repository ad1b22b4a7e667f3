#include "codegen/emit/EmitPlan.h"

#include "codegen/select/SpecAttributes.h"
#include "dialects/step37/Step37Dialect.h"

using namespace mlir;

namespace step37 {
namespace {

nlohmann::json toJson(Attribute attribute) {
  if (auto value = dyn_cast<BoolAttr>(attribute))
    return value.getValue();
  if (auto value = dyn_cast<IntegerAttr>(attribute))
    return value.getInt();
  if (auto value = dyn_cast<FloatAttr>(attribute))
    return value.getValueAsDouble();
  if (auto value = dyn_cast<StringAttr>(attribute))
    return value.str();
  nlohmann::json list = nlohmann::json::array();
  for (Attribute element : cast<ArrayAttr>(attribute))
    list.push_back(toJson(element));
  return list;
}

/// Empty where no dimension is split.
plan::Split splitOf(ArrayAttr dims) {
  plan::Split split;
  bool any = false;
  for (auto axes : dims.getAsRange<ArrayAttr>()) {
    split.push_back(namesOf(axes));
    any |= !axes.empty();
  }
  return any ? split : plan::Split();
}

plan::Buffer makeBuffer(StringRef name, plan::BufferClass cls, planir::BufferKind kind,
                        MemRefType type, int64_t offset) {
  plan::Buffer buffer;
  buffer.name = name.str();
  buffer.cls = cls;
  buffer.kind = static_cast<plan::BufferKind>(kind);
  buffer.type = dtypeOf(type.getElementType());
  buffer.shape.assign(type.getShape().begin(), type.getShape().end());
  buffer.offset = offset;
  return buffer;
}

std::string originOf(Operation *op) {
  auto path = dyn_cast<NameLoc>(op->getLoc());
  return path ? path.getName().str() : std::string();
}

class TargetEmitter {
public:
  TargetEmitter(ModuleOp module, StringRef name) : module(module) {
    target.name = name.str();
    target.arena_bytes = module->getAttrOfType<IntegerAttr>("plan.arena_bytes").getInt();
  }

  plan::Target emit() {
    for (Operation &op : *module.getBody()) {
      if (auto buffer = dyn_cast<planir::BufferOp>(op))
        addBuffer(buffer);
      else if (auto kernel = dyn_cast<planir::KernelOp>(op))
        addKernel(kernel);
    }
    for (auto program : module.getOps<planir::ProgramOp>())
      addProgram(program);
    return std::move(target);
  }

private:
  void addBuffer(planir::BufferOp buffer) {
    symbolBuffers[buffer.getSymName()] = target.buffers.size();
    target.buffers.push_back(
        makeBuffer(buffer.getSymName(), static_cast<plan::BufferClass>(buffer.getBufferClass()),
                   buffer.getKind(), cast<MemRefType>(buffer.getType()), *buffer.getOffset()));
    if (buffer.getSplit())
      target.buffers.back().split = splitOf(*buffer.getSplit());
    if (buffer.getCoordinate())
      target.buffers.back().coordinate = namesOf(*buffer.getCoordinate());
  }

  void addKernel(planir::KernelOp kernel) {
    kernels[kernel.getSymName()] = target.kernels.size();
    auto fields = [](DictionaryAttr dictionary) {
      nlohmann::json json = nlohmann::json::object();
      if (dictionary)
        for (NamedAttribute field : dictionary)
          json[field.getName().str()] = toJson(field.getValue());
      return json;
    };
    target.kernels.push_back({kernel.getSymName().str(), kernel.getFamily().str(),
                              kernel.getVariant().str(), kernel.getReason().str(),
                              fields(kernel.getSpec()), fields(kernel.getLaunchAttr())});
  }

  void addProgram(planir::ProgramOp program) {
    plan::Program out;
    out.name = program.getName().str();
    if (const plan::ProgramInfo *info = plan::findProgramInfo(out.name))
      out.role = info->role;
    int index = int(target.programs.size()), temporaries = 0;
    DenseMap<Value, int> bufferOf;
    for (Operation &op : program.getBody().front()) {
      if (auto get = dyn_cast<planir::GetOp>(op)) {
        bufferOf[get.getBuffer()] = symbolBuffers.lookup(get.getSymbol());
      } else if (auto temporary = dyn_cast<planir::TemporaryOp>(op)) {
        bufferOf[temporary.getBuffer()] = int(target.buffers.size());
        std::string name = out.name + "." + std::to_string(temporaries++);
        target.buffers.push_back(makeBuffer(name, plan::BufferClass::temporary, temporary.getKind(),
                                            cast<MemRefType>(temporary.getBuffer().getType()),
                                            *temporary.getOffset()));
        target.buffers.back().program = index;
      }
    }
    DenseMap<Attribute, int> stepOfRows;
    for (Operation &op : program.getBody().front()) {
      if (!planir::isStep(&op))
        continue;
      if (Attribute rows = op.getAttr(planir::rowsAttribute))
        stepOfRows[rows] = int(out.steps.size());
      out.steps.push_back(makeStep(&op, bufferOf));
      if (Attribute rows = op.getAttr(planir::rowsOfAttribute))
        out.steps.back().rows_of = stepOfRows.at(rows);
    }
    setLifetimes(out);
    target.programs.push_back(std::move(out));
  }

  plan::Step makeStep(Operation *op, const DenseMap<Value, int> &bufferOf) {
    plan::Step step;
    step.kind = isa<planir::GemmOp>(op)         ? plan::StepKind::gemm
                : isa<planir::CollectiveOp>(op) ? plan::StepKind::collective
                                                : plan::StepKind::launch;
    step.kernel = kernels.lookup(op->getAttrOfType<FlatSymbolRefAttr>("kernel").getValue());
    step.origin = originOf(op);
    step.stream = int(planir::streamOf(op));
    for (int64_t other : planir::afterOf(op))
      step.after.push_back(int(other));
    for (Value operand : op->getOperands()) {
      planir::Origin origin = planir::originOf(operand);
      int index = bufferOf.lookup(origin.buffer);
      step.arguments.push_back({index, origin.begin * byteSize(target.buffers[index].type)});
    }
    return step;
  }

  void setLifetimes(const plan::Program &program) {
    std::vector<plan::StepInterval> intervals = plan::stepIntervals(program.steps);
    for (auto [step, interval] : llvm::zip_equal(program.steps, intervals))
      for (const plan::Argument &argument : step.arguments) {
        plan::Buffer &buffer = target.buffers[argument.buffer];
        if (buffer.cls != plan::BufferClass::temporary)
          continue;
        buffer.first_step =
            buffer.first_step < 0 ? interval.first : std::min(buffer.first_step, interval.first);
        buffer.last_step = std::max(buffer.last_step, interval.last);
      }
  }

  ModuleOp module;
  plan::Target target;
  llvm::StringMap<int> symbolBuffers, kernels;
};

} // namespace

plan::Target emitTarget(ModuleOp module, StringRef name) {
  return TargetEmitter(module, name).emit();
}

std::vector<plan::Parameter> emitParameters(ModuleOp module) {
  std::vector<plan::Parameter> parameters;
  for (auto op : module.getOps<planir::ParameterOp>()) {
    plan::Parameter parameter;
    parameter.name = parameter.buffer = op.getBuffer().str();
    parameter.trained = op.getTrained();
    if (op.getGradient())
      parameter.gradient = op.getGradient()->str();
    for (auto state : op.getStates().getAsRange<planir::StateAttr>())
      parameter.states.push_back({state.getRole().str(), state.getBuffer().getValue().str()});
    for (auto attribute : op.getParts().getAsRange<ir::PartAttr>()) {
      plan::Part part;
      part.name = attribute.getName().str();
      part.type = dtypeOf(attribute.getElementType());
      if (attribute.getSplit())
        part.split = splitOf(attribute.getSplit());
      ArrayRef<int64_t> published =
          attribute.getSplit() ? attribute.getWhole() : attribute.getShape();
      part.shape.assign(published.begin(), published.end());
      int64_t elements = 1;
      for (int64_t size : attribute.getShape())
        elements *= size;
      part.blocks = attribute.getBlocks();
      part.block = elements / part.blocks;
      part.begin = attribute.getBegin();
      part.stride = attribute.getStride();
      part.init_std = attribute.getInitStd().getValueAsDouble();
      if (attribute.getInitMean())
        part.init_mean = attribute.getInitMean().getValueAsDouble();
      parameter.parts.push_back(std::move(part));
    }
    if (op.getGradientPartial())
      parameter.gradient_partial = namesOf(*op.getGradientPartial());
    if (op.getStateSplit())
      parameter.state_split = namesOf(*op.getStateSplit());
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

} // namespace step37
