#pragma once

// Decides about one span or log record, and says how its sampling fields change when it is kept.
// Immutable after construction: any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "processors/probabilistic_sampler/config.h"
#include "processors/probabilistic_sampler/consistent_sampling.h"

namespace vigia::processors {

// What a decision rested on; the label `policy` of the sampler's counters.
enum class SamplerPolicy : uint8_t { missing_randomness, trace_id_hash, trace_id_w3c, sampling_randomness, sampling_priority, attribute };
inline constexpr size_t sampler_policy_count = 6;

struct Decision {
  bool is_kept = false;
  SamplerPolicy policy = SamplerPolicy::missing_randomness;
  // Of a span that is kept: its trace state, if it changes.
  std::optional<std::string> trace_state;
  // Of a log record that is kept: attributes that are set, if they change.
  std::optional<std::string> randomness;
  std::optional<std::string> threshold;
  bool removes_threshold = false;

  bool is_edited() const { return trace_state || randomness || threshold || removes_threshold; }
};

class Sampler {
 public:
  explicit Sampler(const SamplerConfig& config);

  Decision decide_span(std::string_view span) const;
  Decision decide_log(std::string_view record) const;

  // Append the edited messages.
  static void edit_span(std::string_view span, const Decision& decision, Appender& out);
  static void edit_log(std::string_view record, const Decision& decision, Appender& out);

 private:
  // What an item brings along, and what is found out about it.
  struct Facts {
    bool is_readable = true;  // its sampling fields are well-formed
    bool is_consistent = true;
    std::optional<Randomness> explicit_randomness;
    std::optional<Threshold> threshold;
    std::optional<Randomness> randomness;
    SamplerPolicy policy = SamplerPolicy::missing_randomness;
    // Whether fields may be written; not when there is something in them that this mode does not understand.
    bool is_writable = true;
    bool sets_randomness = false;
    bool clears_threshold = false;
  };

  void find_randomness(Facts& facts, std::string_view trace_id) const;
  void find_log_randomness(Facts& facts, std::string_view record) const;
  void check(Facts& facts) const;
  Threshold threshold_for(const Facts& facts) const;
  std::optional<Threshold> log_priority(std::string_view record) const;

  SamplerConfig config_;
  bool keeps_none_ = false;
  Threshold threshold_ = keep_none;  // of hash_seed and equalizing
  double ratio_ = 0;                 // of proportional
};

}  // namespace vigia::processors
