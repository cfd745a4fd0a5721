#pragma once

// What the three sources of generated telemetry share: the shop with its services and instances, and skewed random numbers.

#include <bit>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "otlp/attribute_write.h"
#include "otlp/generator.h"
#include "otlp/wire.h"

namespace vigia::otlp {

// Random numbers by integer arithmetic only, so that all machines get the same.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  uint64_t bits() { return random_.next(); }
  uint64_t below(uint64_t bound) { return random_.below(bound); }
  bool one_in(uint64_t count) { return below(count) == 0; }
  bool with_fraction(double fraction) { return random_.fraction() < fraction; }

  // Many small and few large numbers, like an exponential distribution with this mean: the logarithm of a random number, taken
  // as straight between powers of two.
  uint64_t spread(uint64_t mean) {
    uint64_t random = bits() | 1;
    auto power = static_cast<uint64_t>(std::countl_zero(random));
    uint64_t part = (random << power >> 47) & 0xFFFF;
    return mean * (power * 65536 + 65535 - part) / 98304;
  }
  // 0 … count − 1, where number n comes up about as often as all of n + 1 … 2n together.
  uint64_t skewed(uint64_t count) {
    auto powers = static_cast<uint64_t>(std::bit_width(count));
    uint64_t number = below(uint64_t{1} << below(powers + 1));
    return number < count ? number : below(count);
  }

 private:
  Random random_;
};

// A repeatable random number for a place, without a state.
constexpr uint64_t mixed(uint64_t a, uint64_t b = 0) {
  uint64_t z = a * 0x9E3779B97F4A7C15ULL + b * 0xD1B54A32D192ED03ULL + 0x2545F4914F6CDD1DULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// A KeyValue as field `number` of a message.
std::string attribute(uint32_t number, std::string_view key, std::string_view value);

// A number as text, without memory of its own.
class Digits {
 public:
  explicit Digits(uint64_t value) : end_(std::to_chars(text_, text_ + sizeof text_, value).ptr) {}
  std::string_view view() const { return {text_, static_cast<size_t>(end_ - text_)}; }

 private:
  char text_[20];
  char* end_;
};

struct Operation {
  std::string method;
  std::string route;   // "/api/v1/carts/{id}"
  std::string prefix;  // of the path, before the id
  bool has_id;
  std::string name;  // "GET /api/v1/carts/{id}"
};

struct Service {
  std::string name;
  std::vector<Operation> operations;
};

struct Instance {
  size_t service;
  std::string resource;  // the content of a Resource message
};

struct Shop {
  std::vector<Service> services;
  std::vector<Instance> instances;  // of service s: s × options.instances …
  std::vector<std::string> user_agents;
  std::vector<std::string> addresses;
  std::vector<std::string> statements;
};

Shop build_shop(const DataSetOptions& options);

// How many items each resource of a request has: `batch` in all.
std::vector<size_t> group_sizes(const DataSetOptions& options);

// A Resource{Spans,Metrics,Logs} around encoded items of one instance and scope.
void append_resource_group(Appender& out, const Instance& instance, std::string_view scope_name, std::string_view items);

std::unique_ptr<Generator::Source> make_trace_source(const DataSetOptions& options);
std::unique_ptr<Generator::Source> make_metric_source(const DataSetOptions& options);
std::unique_ptr<Generator::Source> make_log_source(const DataSetOptions& options);

}  // namespace vigia::otlp
