#pragma once

// A value written in the configuration, and values that go into an entry.

#include <memory>

#include "config/node.h"
#include "operators/value.h"

namespace vigia::operators {

// Keeps what it is made of.
class ConfigValue {
 public:
  explicit ConfigValue(const config::Node& node) : arena_(std::make_unique<Arena>(256)), value_(read(node)) {}
  const Value& value() const { return value_; }

 private:
  Value read(const config::Node& node);
  Value read_scalar(const config::Node& node);

  std::unique_ptr<Arena> arena_;
  Value value_;
};

// A deep copy in which times are texts: what an entry can hold.
Value storable_copy(Arena& arena, const Value& value);

}  // namespace vigia::operators
