// See ParameterPlaces.h.
#include "runtime/checkpoint/ParameterPlaces.h"

namespace step37 {

PartPlace statePlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part,
                     const std::string &buffer) {
  const int index = model.buffer(buffer);
  return placeOf(parameter, part, index, model.bufferOf(index), model.plan().mesh,
                 parameter.state_split);
}

PartPlace weightPlace(const Model &model, const plan::Parameter &parameter,
                      const plan::Part &part) {
  const int index = model.buffer(parameter.buffer);
  return placeOf(parameter, part, index, model.bufferOf(index), model.plan().mesh);
}

PartPlace gradientPlace(const Model &model, const plan::Parameter &parameter,
                        const plan::Part &part) {
  const int index = model.buffer(parameter.gradient);
  PartPlace place = placeOf(parameter, part, index, model.bufferOf(index), model.plan().mesh);
  place.partial = parameter.gradient_partial;
  return place;
}

} // namespace step37
