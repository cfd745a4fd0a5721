#pragma once

// The operators there are, and how each reads its section. The keys that all have (id, type, output, if, on_error) are read already.

#include <memory>
#include <span>
#include <string_view>

#include "config/section.h"
#include "operators/operation_internal.h"
#include "operators/time_zone.h"

namespace vigia::operators {

// What a decoder gets besides its section.
struct Decoding {
  ZoneNames& zones;
};

using OperationPointer = std::unique_ptr<Operation>;
using DecodeOperation = OperationPointer (*)(config::Section& section, Decoding& decoding);

struct OperatorType {
  std::string_view name;
  DecodeOperation decode;
};

std::span<const OperatorType> operator_types();

OperationPointer decode_noop(config::Section& section, Decoding& decoding);

}  // namespace vigia::operators
