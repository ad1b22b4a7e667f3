#include "frontend/FrontendOptions.h"

namespace step37 {

bool FrontendOptions::computes(const PublishedTensor &tensor) const {
  switch (tensor.group) {
  case TensorGroup::text:
    return true;
  case TensorGroup::mtp:
    return mtp && (ownMtpHeads() || tensor.rule->id != TensorId::sharedHeadOutput);
  case TensorGroup::vision:
  case TensorGroup::projector:
    break;
  }
  return images.has_value();
}

bool FrontendOptions::trains(const PublishedTensor &tensor) const {
  switch (tensor.group) {
  case TensorGroup::text:
  case TensorGroup::mtp:
    return !frozen.language && !tensor.rule->selects;
  case TensorGroup::vision:
    return !frozen.vision;
  case TensorGroup::projector:
    break;
  }
  return !frozen.projector;
}

} // namespace step37
