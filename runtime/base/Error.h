// The one exception that crosses rooms outside MLIR: something that a user gave or the machine did.
// Its message names the file and the field or tensor; tools print it once and exit with code 1.
// Own bugs are assertions, never this.
#pragma once

#include <stdexcept>
#include <string>

namespace step37 {

class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace step37
