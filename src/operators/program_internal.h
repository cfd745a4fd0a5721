#pragma once

// A chain as it is run: steps in the order of the configuration, with the places of their outputs.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/expression.h"
#include "operators/operation_internal.h"
#include "operators/time_zone.h"

namespace vigia::operators {

enum class OnError : uint8_t { send, drop, send_quiet, drop_quiet };

struct Step {
  std::string id;
  std::string type;
  std::unique_ptr<const Operation> operation;
  std::optional<Expression> condition;
  OnError on_error = OnError::send;
  Outputs outputs;  // none: the entry is a log record now

  bool is_quiet() const { return on_error == OnError::send_quiet || on_error == OnError::drop_quiet; }
  bool sends_on_error() const { return on_error == OnError::send || on_error == OnError::send_quiet; }
};

struct Program {
  std::vector<Step> steps;
  ZoneNames zones;
};

// Where entries that have left the chain go.
constexpr size_t end_of_chain = SIZE_MAX;

}  // namespace vigia::operators
