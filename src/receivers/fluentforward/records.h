#pragma once

// The entries of a forward message as log records in wire form.
//
//   fluent                                     OTLP
//   the message's tag                          attribute fluent.tag
//   time, in seconds or as EventTime           time_unix_nano
//   `log` or `message` of the record           body; when both are there, the later one
//   everything else of the record              attributes: text and binary as string, maps and lists as such, numbers beyond int64
//                                              as text, extension types as bytes (times as text)
//   metadata `otlp` (Fluent Bit)               severity, trace and span ids, flags, observed time, attributes
//   other metadata                             attributes fluent.metadata.<name>

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/msgpack.h"
#include "receivers/fluentforward/message.h"

namespace vigia::receivers {

class RecordWalk {
 public:
  // The message's bytes outlive the walk.
  explicit RecordWalk(const ForwardMessage& message);

  enum class Step : uint8_t {
    written,
    marker,   // No record: Fluent Bit's beginning or end of a group.
    invalid,  // No entry that could be a record: of a wrong shape, or nested too deep for OTLP. It is passed over.
    end,
  };
  // Appends the next entry to the content of a ScopeLogs.
  Step write_next(Appender& out);

  // Texts so far that were not UTF-8 and have been repaired.
  size_t repaired_strings() const { return repaired_; }

 private:
  Step write_entry(Appender& out);

  msgpack::Reader reader_;
  bool is_single_;
  size_t left_;
  size_t typical_bytes_;
  size_t repaired_ = 0;
  std::string tag_attribute_;  // As it stands in each LogRecord.
};

}  // namespace vigia::receivers
