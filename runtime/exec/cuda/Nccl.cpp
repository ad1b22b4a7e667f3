// The part of NCCL's interface that is used, declared here so that building needs no header of it;
// see Nccl.h.
#include "runtime/exec/cuda/Nccl.h"

#include "runtime/base/Error.h"
#include "runtime/base/SharedLibrary.h"
#include "runtime/plan/Mesh.h"

#include <array>
#include <cstring>

namespace step37::cuda {

namespace {

// From NCCL's documentation of its types.
struct Communicator; // ncclComm
struct UniqueId {    // ncclUniqueId
  std::array<char, 128> bytes;
};
constexpr int success = 0, inProgress = 7; // ncclResult_t
constexpr int sumOperation = 0;            // ncclSum

/// ncclDataType_t.
int typeOf(DType type) {
  switch (type) {
  case DType::i32:
    return 2;
  case DType::bf16:
    return 9;
  default:
    return 7; // f32: specs allow no other
  }
}

} // namespace

struct Nccl::Functions {
  SharedLibrary library{"NCCL", {"libnccl.so.2"}};

#define STEP37_NCCL(name, ...)                                                                     \
  int (*name)(__VA_ARGS__) = library.function<int (*)(__VA_ARGS__)>("nccl" #name)
  STEP37_NCCL(GetVersion, int *);
  STEP37_NCCL(GetUniqueId, UniqueId *);
  STEP37_NCCL(CommInitRank, Communicator **, int, UniqueId, int);
  STEP37_NCCL(CommDestroy, Communicator *);
  STEP37_NCCL(CommGetAsyncError, Communicator *, int *);
  STEP37_NCCL(AllReduce, const void *, void *, size_t, int, int, Communicator *, CUstream);
  STEP37_NCCL(AllGather, const void *, void *, size_t, int, Communicator *, CUstream);
  STEP37_NCCL(ReduceScatter, const void *, void *, size_t, int, int, Communicator *, CUstream);
  STEP37_NCCL(Send, const void *, size_t, int, int, Communicator *, CUstream);
  STEP37_NCCL(Recv, void *, size_t, int, int, Communicator *, CUstream);
  STEP37_NCCL(GroupStart);
  STEP37_NCCL(GroupEnd);
#undef STEP37_NCCL
  const char *(*GetErrorString)(int) = library.function<const char *(*)(int)>("ncclGetErrorString");
  const char *(*GetLastError)(Communicator *) =
      library.function<const char *(*)(Communicator *)>("ncclGetLastError");
};

struct Nccl::Group {
  Communicator *communicator = nullptr;
};

Nccl::Nccl(const plan::Mesh &mesh, const std::vector<std::vector<std::string>> &axes, job::Job &job)
    : call(std::make_unique<Functions>()) {
  for (const std::vector<std::string> &list : axes) {
    const std::vector<int64_t> members = plan::groupOf(mesh, list, job.rank());
    std::string what = "the group over";
    for (const std::string &axis : list)
      what += " " + axis;
    // The first rank of every group makes its id; all ranks see all of them and take their own's.
    UniqueId id{};
    job::Bytes own;
    if (members.front() == job.rank()) {
      require(call->GetUniqueId(&id), what);
      own.resize(sizeof id);
      std::memcpy(own.data(), &id, sizeof id);
    }
    const std::vector<job::Bytes> ids = job.exchange(what, std::move(own));
    std::memcpy(&id, ids.at(static_cast<size_t>(members.front())).data(), sizeof id);
    const job::Job::Wait wait(job, what);
    auto &group = groups[list] = std::make_unique<Group>();
    require(call->CommInitRank(&group->communicator, static_cast<int>(members.size()), id,
                               static_cast<int>(plan::indexAlong(mesh, list, job.rank()))),
            what);
  }
}

Nccl::~Nccl() {
  for (const auto &[axes, group] : groups)
    if (group->communicator)
      call->CommDestroy(group->communicator);
}

void Nccl::require(int result, const std::string &what) const {
  if (result != success && result != inProgress)
    throw Error("NCCL, " + what + ": " + call->GetErrorString(result) + ": " +
                call->GetLastError(nullptr));
}

void Nccl::check() const {
  for (const auto &[axes, group] : groups) {
    int result = success;
    require(call->CommGetAsyncError(group->communicator, &result), "asking for errors");
    require(result, "an exchange");
  }
}

std::string Nccl::version() const {
  int number = 0; // 22703
  require(call->GetVersion(&number), "version");
  return std::to_string(number / 10'000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

void Nccl::enqueue(const spec::Collective &collective, CUdeviceptr in, CUdeviceptr out,
                   CUstream stream, const std::string &what) const {
  Communicator *const communicator = groups.at(collective.axes)->communicator;
  const auto count = static_cast<size_t>(collective.elements);
  const int type = typeOf(collective.type);
  const auto *from = reinterpret_cast<const std::byte *>(in);
  auto *to = reinterpret_cast<std::byte *>(out);
  switch (collective.exchange) {
  case spec::Exchange::allReduce:
    return require(call->AllReduce(from, to, count, type, sumOperation, communicator, stream),
                   what);
  case spec::Exchange::allGather:
    return require(call->AllGather(from, to, count, type, communicator, stream), what);
  case spec::Exchange::reduceScatter:
    return require(call->ReduceScatter(from, to, count, type, sumOperation, communicator, stream),
                   what);
  case spec::Exchange::allToAll:
    break;
  }
  const int64_t block = collective.elements * byteSize(collective.type);
  std::vector<Piece> sent, received;
  for (int rank = 0; rank < static_cast<int>(collective.ranks); ++rank) {
    sent.push_back({rank, in + static_cast<CUdeviceptr>(rank * block), collective.elements});
    received.push_back({rank, out + static_cast<CUdeviceptr>(rank * block), collective.elements});
  }
  enqueue(collective.axes, collective.type, sent, received, stream, what);
}

void Nccl::enqueue(const std::vector<std::string> &axes, DType type, const std::vector<Piece> &sent,
                   const std::vector<Piece> &received, CUstream stream,
                   const std::string &what) const {
  const auto isEmpty = [](const Piece &piece) { return piece.elements == 0; };
  Communicator *const communicator = groups.at(axes)->communicator;
  require(call->GroupStart(), what);
  for (const Piece &piece : sent)
    if (!isEmpty(piece))
      require(call->Send(reinterpret_cast<const void *>(piece.at),
                         static_cast<size_t>(piece.elements), typeOf(type), piece.rank,
                         communicator, stream),
              what);
  for (const Piece &piece : received)
    if (!isEmpty(piece))
      require(call->Recv(reinterpret_cast<void *>(piece.at), static_cast<size_t>(piece.elements),
                         typeOf(type), piece.rank, communicator, stream),
              what);
  require(call->GroupEnd(), what);
}

} // namespace step37::cuda
