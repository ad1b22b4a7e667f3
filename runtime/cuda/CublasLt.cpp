#include "runtime/cuda/CublasLt.h"

#include "runtime/file/Error.h"
#include "runtime/file/SharedLibrary.h"

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

class LtProduct : public Product {
public:
  LtProduct(const CublasLt::Library &library, const spec::Gemm &gemm, const std::string &origin)
      : library(library), gemm(gemm), origin(origin) {
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
    chooseAlgorithm();
  }

  void enqueue(std::span<const CUdeviceptr> buffers, CUstream stream) const override {
    auto pointer = [&](size_t index) { return reinterpret_cast<void *>(buffers[index]); };
    auto *constants = reinterpret_cast<float *>(library.constants.address());
    const void *beta = gemm.accumulate ? pointer(3) : constants + 1;
    uint64_t usable = usableWorkspace(gemm), workspace = 0;
    if (usable)
      workspace =
          (buffers.back() + workspaceAlignment - 1) / workspaceAlignment * workspaceAlignment;
    check(library.cublasLtMatmul(library.lt, &description, constants, pointer(1), &first,
                                 pointer(0), &second, beta, pointer(2), &result, pointer(2),
                                 &result, &algorithm, reinterpret_cast<void *>(workspace), usable,
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

  void chooseAlgorithm() {
    cublasLtMatmulPreferenceOpaque_t preference;
    check(library.cublasLtMatmulPreferenceInit_internal(&preference, sizeof preference));
    uint64_t bytes = usableWorkspace(gemm);
    check(library.cublasLtMatmulPreferenceSetAttribute(
        &preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof bytes));
    cublasLtMatmulHeuristicResult_t found;
    int count = 0;
    check(library.cublasLtMatmulAlgoGetHeuristic(library.lt, &description, &first, &second, &result,
                                                 &result, &preference, 1, &found, &count));
    if (count == 0)
      throw Error(origin + ": cuBLASLt has no algorithm for this product");
    algorithm = found.algo;
  }

  const CublasLt::Library &library;
  spec::Gemm gemm;
  std::string origin;
  // cuBLASLt takes them by pointer to mutable, though it only reads them.
  mutable cublasLtMatmulDescOpaque_t description;
  mutable cublasLtMatrixLayoutOpaque_t first, second, result;
  mutable cublasLtMatmulAlgo_t algorithm;
};

} // namespace

CublasLt::CublasLt(const Driver &driver) : library(std::make_unique<Library>(driver)) {}
CublasLt::~CublasLt() = default;

std::unique_ptr<Product> CublasLt::prepare(const spec::Gemm &gemm,
                                           const std::string &origin) const {
  return std::make_unique<LtProduct>(*library, gemm, origin);
}

std::string CublasLt::version() const { return std::to_string(library->cublasLtGetVersion()); }

} // namespace step37::cuda
