#pragma once

// The answer to an Export request: empty, or what was not taken and why.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "otlp/signal.h"

namespace vigia::otlp {

// Items that the server will not take; the rest it has taken. A message without rejected items is a warning.
struct PartialSuccess {
  uint64_t rejected_items = 0;
  std::string message;

  bool is_full() const { return rejected_items == 0 && message.empty(); }
};

// An Export…ServiceResponse, as protobuf or as JSON.
std::string encode_export_response(const PartialSuccess& partial);
std::string encode_export_response_json(Signal signal, const PartialSuccess& partial);

// Of protobuf; nothing when it cannot be read.
std::optional<PartialSuccess> decode_export_response(std::string_view response);

}  // namespace vigia::otlp
