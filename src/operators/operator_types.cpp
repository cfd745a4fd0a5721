#include "operators/operator_types_internal.h"

namespace vigia::operators {

std::span<const OperatorType> operator_types() {
  static constexpr OperatorType types[] = {
      {"noop", decode_noop},
  };
  return types;
}

}  // namespace vigia::operators
