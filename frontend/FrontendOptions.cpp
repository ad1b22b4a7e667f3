#include "frontend/FrontendOptions.h"

namespace step37 {

bool FrontendOptions::computes(const PublishedTensor &tensor) const {
  switch (tensor.group) {
  case TensorGroup::text:
    return true;
  case TensorGroup::mtp:
    return mtp && (ownMtpHeads() || !tensor.name.ends_with("shared_head.output.weight"));
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
    // The router's bias only selects experts: nothing has a gradient with respect to it.
    return !frozen.language && !tensor.name.ends_with("router_bias");
  case TensorGroup::vision:
    return !frozen.vision;
  case TensorGroup::projector:
    break;
  }
  return !frozen.projector;
}

} // namespace step37
