// Descriptors, algorithms and the call itself; see CublasLt.h.
#include "runtime/exec/cuda/CublasLt.h"

#include "runtime/base/SharedLibrary.h"

#include <bit>
#include <span>

#include <cublasLt.h>

namespace step37::cuda {

struct CublasLt::Library {
  SharedLibrary handle{"cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12"}};
#define STEP37_CUBLASLT_FUNCTION(name)                                                             \
  decltype(&::name) name = handle.function<decltype(&::name)>(#name);
  STEP37_CUBLASLT_FUNCTION(cublasLtCreate)
  STEP37_CUBLASLT_FUNCTION(cublasLtDestroy)
  STEP37_CUBLASLT_FUNCTION(cublasLtGetVersion)
  STEP37_CUBLASLT_FUNCTION(cublasLtGetStatusName)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulDescInit_internal)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulDescSetAttribute)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatrixLayoutInit_internal)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulPreferenceInit_internal)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulPreferenceSetAttribute)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulAlgoGetHeuristic)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmulAlgoCheck)
  STEP37_CUBLASLT_FUNCTION(cublasLtMatmul)
#undef STEP37_CUBLASLT_FUNCTION

  cublasLtHandle_t lt = nullptr;
  Memory constants; // {1.0f, 0.0f}: alpha, and beta of products that do not accumulate

  explicit Library(const Driver &driver)
      : constants(driver, 2 * sizeof(float), "constants of cuBLASLt") {
    check(cublasLtCreate(&lt), "starting cuBLASLt");
    const float values[] = {1.0f, 0.0f};
    constants.upload(0, std::as_bytes(std::span(values)));
  }
  ~Library() { cublasLtDestroy(lt); }

  void check(cublasStatus_t status, const std::string &what) const {
    if (status != CUBLAS_STATUS_SUCCESS)
      throw Error(what + ": cuBLASLt: " + cublasLtGetStatusName(status));
  }
};

namespace {

// cuBLASLt wants its workspace at a multiple of this; a plan's buffers stand at multiples of 64, so
// the first multiple in the buffer is taken and the workspace is that much shorter.
constexpr uint64_t workspaceAlignment = 256;

uint64_t usableWorkspace(const spec::Gemm &gemm) {
  auto bytes = static_cast<uint64_t>(gemm.workspace_bytes);
  return bytes > workspaceAlignment ? bytes - workspaceAlignment : 0;
}

cudaDataType_t dataType(DType type) { return type == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

// Algorithms are opaque bytes; a table holds them as hexadecimal digits.

std::string hexadecimal(const cublasLtMatmulAlgo_t &algorithm) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::byte byte : std::as_bytes(std::span(&algorithm, 1))) {
    text += digits[std::to_integer<int>(byte) / 16];
    text += digits[std::to_integer<int>(byte) % 16];
  }
  return text;
}

cublasLtMatmulAlgo_t algorithmOf(const std::string &hexadecimal, const std::string &origin) {
  cublasLtMatmulAlgo_t algorithm{};
  std::span<std::byte> bytes = std::as_writable_bytes(std::span(&algorithm, 1));
  if (hexadecimal.size() != 2 * bytes.size())
    throw Error(origin + ": the tuned product's algorithm has " +
                std::to_string(hexadecimal.size() / 2) + " bytes, must have " +
                std::to_string(bytes.size()));
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = std::byte(std::stoi(hexadecimal.substr(2 * i, 2), nullptr, 16));
  return algorithm;
}

class LtProduct : public Product {
public:
  LtProduct(const CublasLt::Library &library, const ProductStep &step)
      : library(library), gemm(step.gemm), alignment(step.alignment), origin(step.origin) {
    // Row-major c = op(a)·op(b) is column-major cᵀ = op(b)ᵀ·op(a)ᵀ: cuBLASLt's A is b, its B is a.
    check(library.cublasLtMatmulDescInit_internal(&description, sizeof description,
                                                  CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, gemm.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, gemm.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_POINTER_MODE, CUBLASLT_POINTER_MODE_DEVICE);
    layout(first, gemm.b_type, gemm.transpose_b ? gemm.k : gemm.n,
           gemm.transpose_b ? gemm.n : gemm.k, gemm.b_stride);
    layout(second, gemm.a_type, gemm.transpose_a ? gemm.m : gemm.k,
           gemm.transpose_a ? gemm.k : gemm.m, gemm.a_stride);
    layout(result, gemm.c_type, gemm.n, gemm.m, gemm.c_stride);
  }

  /// What the heuristic proposes, best first; at least one.
  std::vector<cublasLtMatmulAlgo_t> heuristic(int most) const {
    cublasLtMatmulPreferenceOpaque_t preference;
    check(library.cublasLtMatmulPreferenceInit_internal(&preference, sizeof preference));
    auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      check(library.cublasLtMatmulPreferenceSetAttribute(&preference, attribute, &value,
                                                         sizeof value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, usableWorkspace(gemm));
    // The other schemes store partial sums in the output's type.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    for (auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(attribute, uint32_t(alignment));
    std::vector<cublasLtMatmulHeuristicResult_t> found(static_cast<size_t>(most));
    int count = 0;
    check(library.cublasLtMatmulAlgoGetHeuristic(library.lt, &description, &first, &second, &result,
                                                 &result, &preference, most, found.data(), &count));
    if (count == 0)
      throw Error(origin + ": cuBLASLt has no algorithm for this product");
    std::vector<cublasLtMatmulAlgo_t> algorithms;
    for (int i = 0; i < count; ++i)
      algorithms.push_back(found[size_t(i)].algo);
    return algorithms;
  }

  void use(const cublasLtMatmulAlgo_t &chosen) { algorithm = chosen; }

  /// The same for an algorithm from a table, which may be about something else.
  void useChecked(const cublasLtMatmulAlgo_t &chosen) {
    cublasLtMatmulHeuristicResult_t checked;
    cublasStatus_t status = library.cublasLtMatmulAlgoCheck(
        library.lt, &description, &first, &second, &result, &result, &chosen, &checked);
    if (status == CUBLAS_STATUS_SUCCESS && checked.workspaceSize > usableWorkspace(gemm))
      throw Error(origin + ": the tuned product needs a workspace of " +
                  std::to_string(checked.workspaceSize) + " bytes, the plan has " +
                  std::to_string(usableWorkspace(gemm)));
    library.check(status, origin + ": the tuned product");
    use(chosen);
  }

  void enqueue(const ProductBuffers &at, CUstream stream) const override {
    auto pointer = [](CUdeviceptr address) { return reinterpret_cast<void *>(address); };
    auto *constants = reinterpret_cast<float *>(library.constants.address());
    const void *beta = gemm.accumulate ? pointer(at.beta) : constants + 1;
    uint64_t usable = usableWorkspace(gemm), workspace = 0;
    if (usable)
      workspace = (at.workspace + workspaceAlignment - 1) / workspaceAlignment * workspaceAlignment;
    check(library.cublasLtMatmul(library.lt, &description, constants, pointer(at.b), &first,
                                 pointer(at.a), &second, beta, pointer(at.c), &result,
                                 pointer(at.c), &result, &algorithm, pointer(workspace), usable,
                                 reinterpret_cast<cudaStream_t>(stream)));
  }

private:
  void check(cublasStatus_t status) const { library.check(status, origin); }

  template <typename T> void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    check(library.cublasLtMatmulDescSetAttribute(&description, attribute, &value, sizeof value));
  }

  void layout(cublasLtMatrixLayoutOpaque_t &matrix, DType type, int64_t rows, int64_t cols,
              int64_t stride) {
    check(library.cublasLtMatrixLayoutInit_internal(&matrix, sizeof matrix, dataType(type),
                                                    uint64_t(rows), uint64_t(cols), stride));
  }

  const CublasLt::Library &library;
  spec::Gemm gemm;
  int64_t alignment;
  std::string origin;
  // cuBLASLt takes them by pointer to mutable, though it only reads them.
  mutable cublasLtMatmulDescOpaque_t description;
  mutable cublasLtMatrixLayoutOpaque_t first, second, result;
  cublasLtMatmulAlgo_t algorithm;
};

} // namespace

int64_t productAlignment(const ProductBuffers &at) {
  const CUdeviceptr bits = workspaceAlignment | at.a | at.b | at.c;
  return int64_t{1} << std::countr_zero(bits);
}

CublasLt::CublasLt(const Driver &driver) : library(std::make_unique<Library>(driver)) {}
CublasLt::~CublasLt() = default;

std::unique_ptr<Product> CublasLt::prepare(const ProductStep &step) const {
  auto product = std::make_unique<LtProduct>(*library, step);
  product->use(product->heuristic(1).front());
  return product;
}

std::unique_ptr<Product> CublasLt::prepare(const ProductStep &step,
                                           const std::string &algorithm) const {
  auto product = std::make_unique<LtProduct>(*library, step);
  product->useChecked(algorithmOf(algorithm, step.origin));
  return product;
}

std::vector<std::string> CublasLt::candidates(const ProductStep &step, int most) const {
  std::vector<std::string> texts;
  for (const cublasLtMatmulAlgo_t &algorithm : LtProduct(*library, step).heuristic(most))
    texts.push_back(hexadecimal(algorithm));
  return texts;
}

std::string CublasLt::version() const { return std::to_string(library->cublasLtGetVersion()); }

} // namespace step37::cuda
