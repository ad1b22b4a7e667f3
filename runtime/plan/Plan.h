// The plan in memory: what the compiler writes and the runtime executes. Buffers at fixed offsets
// of one arena a target, kernels with their specs, programs as straight lists of steps, and the
// parameters' published names. It knows bytes and steps, not layers or operators. Reading, writing
// and checking a plan file is PlanFile.h; what a kernel computes is codegen/spec.
#pragma once

#include "runtime/base/DType.h"
#include "runtime/plan/Names.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace step37::plan {

/// Version of the file format; the loader takes exactly this one.
inline constexpr int formatVersion = 4;

/// Alignment of every buffer's offset in the arena, and of every blob in the file, in bytes.
inline constexpr int64_t alignment = 64;

/// parameter, state: live across programs. scalar, input: written by the runtime before a run.
/// output: read by it afterwards. temporary: its bytes belong to it from first_step to last_step
/// only, which are the bounds of the intervals of all steps that touch it.
enum class BufferClass : uint8_t { parameter, state, scalar, input, output, temporary };

/// What a buffer's bytes are counted as in `show`.
enum class BufferKind : uint8_t { weights, gradients, optimizer, activations, workspace, io };

/// For every dimension the mesh axes that it is split over, slowest first; empty: in no dimension.
/// A dimension of global size n over axes of `ways` ranks together has ceil(n/ways) elements on
/// each; rank r of them holds elements from r·ceil(n/ways) on, zeros where there are none left.
using Split = std::vector<std::vector<std::string>>;

struct Buffer {
  std::string name; // unique within a target
  BufferClass cls = BufferClass::temporary;
  BufferKind kind = BufferKind::activations;
  DType type = DType::f32;
  std::vector<int64_t> shape;
  int64_t offset = 0; // bytes from the arena's start
  int program = -1;   // of a temporary: index of its program; first and last step that touch it
  int first_step = -1, last_step = -1;
  Split split{}; // of an input or output: `shape` is the part of a rank
  /// Of a scalar i32 [1]: the executor writes the rank's index along these axes before the first
  /// run, and nobody after it.
  std::vector<std::string> coordinate{};

  int64_t elements() const;
  int64_t bytes() const { return elements() * byteSize(type); }
};

/// One launch of a GPU kernel. All stages of a kernel get the same arguments and run in order.
struct KernelStage {
  std::string entry;         // name in the cubin
  std::vector<int64_t> grid; // blocks in x, y, z
  int64_t block = 0;         // threads
  int64_t shared_bytes = 0;  // dynamic shared memory
  int64_t registers = 0;     // a thread, as ptxas reports
  int64_t spill_bytes = 0;   // stores and loads, as ptxas reports
};

/// One kernel: a family, the variant chosen for it and why, its spec, and how the variant cuts its
/// work (codegen/spec reads both).
struct Kernel {
  std::string name;
  std::string family;
  std::string variant; // "host" on the host
  std::string reason;  // why this variant, for `show --kernels`
  nlohmann::json spec;
  nlohmann::json launch = nlohmann::json::object(); // empty for variants without such choices
  std::string image{};  // blob with the cubin; empty where a library or the host runs it
  std::string source{}; // blob with its CUDA text
  std::vector<KernelStage> stages{}; // empty where `image` is
};

/// An argument: a buffer, from a byte offset in it on.
struct Argument {
  int buffer = -1;
  int64_t offset = 0;
};

/// launch: a kernel of ours. gemm: a library's matrix product. collective: ranks of a group
/// exchange data (kernels of a family that begins with "collective"). All name a kernel and its
/// arguments.
enum class StepKind : uint8_t { launch, gemm, collective };

struct Step {
  StepKind kind = StepKind::launch;
  int kernel = -1;
  std::vector<Argument> arguments;
  std::string origin; // path of the module it came from, e.g. "model.layers.3.moe.experts"
  /// 0: computes; 1: exchanges data. Steps of a stream run one after another, in program order.
  int stream = 0;
  /// Earlier steps of the other stream that this one waits for, in ascending order: an event is
  /// recorded behind each of them. A program ends when both streams have.
  std::vector<int> after{};
  /// Index of an earlier step that sends a counted number of rows, on which this one works: it is
  /// left out on ranks that get none. −1: it always runs.
  int rows_of = -1;
};

/// The first and the last step of stream 0 that may run at the same time as a step, of every step
/// of a program. For a step of stream 0 that is itself.
struct StepInterval {
  int first = 0, last = 0;
};
std::vector<StepInterval> stepIntervals(const std::vector<Step> &steps);

/// Of every step the last one of stream 0 and of stream 1, by number, that is known to have ended
/// when it begins; −1: none.
std::vector<std::array<int, 2>> endedBefore(const std::vector<Step> &steps);

struct Program {
  std::string name;                           // of the table in Names.h
  ProgramRole role = ProgramRole::accumulate; // the table's
  std::vector<Step> steps;
};

/// Everything that differs between executors: "host" or "cuda".
struct Target {
  std::string name;
  std::string arch;     // GPU architecture of the cubins, "sm_90a"; empty on the host
  std::string compiler; // version of NVRTC that made them; empty on the host
  int64_t arena_bytes = 0;
  std::vector<Buffer> buffers;
  std::vector<Kernel> kernels;
  std::vector<Program> programs;

  /// Index of the buffer or program of this name, or -1.
  int findBuffer(std::string_view name) const;
  int findProgram(std::string_view name) const;
};

/// A published tensor inside a parameter's buffer. The rank's piece of it (`split`; the whole
/// tensor where that is empty), seen as [blocks, block] in its own row-major order, has block b at
/// element begin + b·stride of the buffer.
struct Part {
  std::string name;           // published name
  DType type = DType::bf16;   // published element type
  std::vector<int64_t> shape; // published shape, whole
  int64_t blocks = 1, block = 0, begin = 0, stride = 0;
  // Random initialisation: normal of this deviation around the mean; 0: the mean.
  double init_std = 0, init_mean = 0;
  Split split{};
};

/// A buffer of what an optimizer keeps of a parameter, by its role: "master" (the f32 values that
/// the parameter is rounded from), or what the optimizer calls it.
struct ParameterState {
  std::string role, buffer;
};

/// A parameter as this plan stores it: one buffer, made of published tensors. Names of buffers hold
/// in every target; `gradient` is empty where there is none. Without a state "master" the parameter
/// itself is the f32 master.
struct Parameter {
  std::string name;
  std::string buffer, gradient;
  std::vector<ParameterState> states{};
  bool trained = true;
  std::vector<Part> parts;
  /// After `accumulate` the gradient is the sum of its buffers over the ranks along these axes.
  std::vector<std::string> gradient_partial{};
  /// The states are split over these axes: rank r along them holds the n
  /// elements of the parameter's buffer from r·n on, n the elements of the state's buffers; zeros
  /// behind the parameter's end. Empty: whole, elements as in the parameter's buffer.
  std::vector<std::string> state_split{};

  /// The buffer of the state with this role; empty where there is none.
  const std::string &state(std::string_view role) const;
};

/// A published tensor that the plan carries along but does not compute with.
struct CarriedTensor {
  std::string name;
  DType type = DType::bf16;
  std::vector<int64_t> shape;
};

/// A tensor that the forward part of `accumulate` makes and that is kept for its backward part.
struct SavedActivation {
  std::string origin;    // path of the module that makes it
  std::string operation; // what makes it, "rms_norm"
  DType type = DType::bf16;
  std::vector<int64_t> shape;

  int64_t bytes() const;
};

/// Results of one operation that the backward part of `accumulate` computes again instead.
struct RecomputedActivation {
  std::string origin, operation;
  int64_t bytes = 0;      // of its results
  int64_t flops = 0;      // of its products, a multiplication and an addition as two
  int64_t sent_bytes = 0; // to other ranks
  bool overflow = false;  // there only for rows of experts beyond the usual ones, mostly none
};

/// How it can have been chosen which of them are kept.
inline constexpr std::string_view recomputeModes[] = {"none", "selective", "full", "budget"};

/// What is kept between the two parts and what is not, on a rank; the same for all targets.
/// Buffers, which fused kernels may share or add, are the targets' own.
struct Activations {
  std::string recompute = "none"; // one of recomputeModes
  int64_t memory_budget = 0;      // bytes that a rank was to fit into; 0: not said
  std::vector<SavedActivation> saved;
  std::vector<RecomputedActivation> recomputed;
};

/// The images that a micro-batch of a rank may have, and where their features go: buffers
/// pixel_values, pixel_values_local, image_feature and image_position. Features are rows, those of
/// all global views before those of all crops.
struct ImageInputs {
  int64_t images = 0, crops = 0;              // at most; images 0: a plan without images
  int64_t channels = 0;                       // of the pixels
  int64_t image_size = 0, crop_size = 0;      // pixels of a side
  int64_t image_tokens = 0, crop_tokens = 0;  // features of one
  int64_t image_token = -1;                   // id that features replace
  int64_t image_start = -1, patch_start = -1; // where given: ids that features stand behind instead
  bool truncate = false;                      // features and tokens that do not match are cut

  int64_t features() const { return images * image_tokens + crops * crop_tokens; }
};

/// A named axis of the mesh.
struct Axis {
  std::string name;
  int64_t size = 1;
};

/// The mesh as it was asked for, and as axes that no group splits: ranks are numbered along `axes`,
/// the last one fastest; the product of the sizes is dp·tp. tp is the fastest part of dp·tp, etp
/// the fastest of ep·etp, which is the fastest part of the same ranks: "dp" or "tp" is in two axes
/// ("dp.0", "dp.1") where ep or etp ends within it. Without axes: one rank.
struct Mesh {
  int64_t dp = 1, tp = 1, ep = 1, etp = 1;
  std::vector<Axis> axes{};
};

/// How tokens come to the ranks of their experts, of those that could have been chosen: what a rank
/// receives for it in a layer and pass. Without choice there is one such rank.
struct ExpertDispatch {
  std::string choice; // "gather" or "all-to-all"
  std::string reason; // why, for `show`
  int64_t gather_bytes = 0, all_to_all_bytes = 0;
};

/// Bytes with a name, beside the header in the file: the config, cubins and CUDA text.
struct Blob {
  std::string name;
  std::string bytes;
};

struct Plan {
  std::string compiler_version;
  std::string config_sha256; // of the blob "config.json"
  std::string model_type;
  DType type = DType::bf16;
  int64_t micro_batch = 1, seq_len = 1; // rows per dp rank, tokens per row
  int64_t vocab = 0;
  ImageInputs images;
  Mesh mesh;
  ExpertDispatch dispatch;
  std::map<std::string, std::string> switches; // --set, all that are in force
  std::vector<Parameter> parameters;
  std::vector<CarriedTensor> carried;
  Activations activations;
  std::vector<Target> targets;
  std::vector<Blob> blobs; // "config.json" always: the config, however it was spelled, in one form

  const Target *findTarget(std::string_view name) const;
  const Blob *findBlob(std::string_view name) const;

  /// Bytes of a target's kernel images, which a GPU holds beside the arena.
  int64_t imageBytes(const Target &target) const;
};

std::string_view name(BufferClass cls);
std::string_view name(BufferKind kind);
std::string_view name(StepKind kind);

/// Values of each enumeration.
inline constexpr size_t bufferClassCount = 6, bufferKindCount = 6, stepKindCount = 3;

} // namespace step37::plan
