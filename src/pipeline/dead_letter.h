#pragma once

// One dead letter: data that an exporter could not deliver and that was set aside, as a file (docs/formats/dead_letters.md).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "otlp/signal.h"
#include "pipeline/batch.h"

namespace vigia::pipeline {

// Where it came from and why it is dead.
struct DeadLetterHead {
  std::string pipeline;  // "traces/x".
  std::string exporter;  // "otlp/edge".
  otlp::Signal signal = otlp::Signal::traces;
  std::string reason;
  int64_t time_ms = 0;  // When it was set aside, since 1970.
  uint64_t items = 0;
  Client client;
  uint64_t body_bytes = 0;

  bool operator==(const DeadLetterHead& other) const;
};

struct DeadLetter {
  DeadLetterHead head;
  std::string body;  // One Export…ServiceRequest of the signal.
};

// A longer reason is cut.
constexpr size_t max_reason_bytes = 4096;

// The whole file. `head.body_bytes` is that of the body, whatever it says.
std::string encode_dead_letter(const DeadLetterHead& head, const Chain& body);

// From the beginning of a file up to its first line end, or more. DATA_LOSS when that is no head of a dead letter.
Result<DeadLetterHead> decode_dead_letter_head(std::string_view file);
// DATA_LOSS when anything of the file is not as it was written.
Result<DeadLetter> decode_dead_letter(std::string_view file);

// The size of a whole file with this head, of which `line_bytes` are the line with its end.
uint64_t dead_letter_file_bytes(const DeadLetterHead& head, size_t line_bytes);

}  // namespace vigia::pipeline
