#pragma once

// libprotobuf as the judge of our own reading and writing of OTLP, for tests only: messages built at run time from the schema
// that VIGIA_OTLP_SCHEMA names (tests/otlp_schema.py writes it), and random messages in all the shapes that protobuf allows.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "otlp/signal.h"

namespace vigia::otlp {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Oracle {
 public:
  // Whether libprotobuf insists on UTF-8 in strings, or takes them as bytes.
  enum class Text { checked, raw };

  // Null when there is no schema. Loaded once.
  static const Oracle* load();

  const Descriptor* request(Signal signal, Text text = Text::checked) const;
  // The request, or null when libprotobuf refuses it.
  std::unique_ptr<Message> parse(Signal signal, std::string_view bytes, Text text = Text::checked) const;

 private:
  Oracle() = default;
  bool read(const std::string& path);

  google::protobuf::DescriptorPool checked_;
  google::protobuf::DescriptorPool raw_;
  mutable std::unique_ptr<google::protobuf::DynamicMessageFactory> checked_messages_;
  mutable std::unique_ptr<google::protobuf::DynamicMessageFactory> raw_messages_;
};

// A test that needs the oracle fails without it.
class OracleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    oracle_ = Oracle::load();
    if (!oracle_) {
      FAIL() << "no OTLP schema. Run: pip install opentelemetry-proto; python tests/otlp_schema.py build/otlp_schema.bin; and set "
                "VIGIA_OTLP_SCHEMA=build/otlp_schema.bin";
    }
  }
  Slice slice(std::string_view bytes) { return Slice::copy_of(bytes, ledger_); }

  const Oracle* oracle_ = nullptr;
  MemoryLedger ledger_;
};

struct RandomWireOptions {
  bool has_twice = true;           // singular fields and several members of a oneof
  bool has_unknown = true;         // fields that the schema does not know
  bool has_unknown_on_top = true;  // also in the request itself
  bool has_bad_text = false;       // strings that are not UTF-8
  int percent_bad_ids = 0;
  int most_value_levels = 4;
};

// Writes random messages.
class RandomWire {
 public:
  explicit RandomWire(uint64_t seed, RandomWireOptions options = {}) : random_(seed), options_(options) {}
  std::string message(const Descriptor& type, int level = 0, int value_levels = 0);
  Random& random() { return random_; }

 private:
  bool chance(int percent) { return random_.below(100) < static_cast<uint64_t>(percent); }
  size_t occurrences(const FieldDescriptor& field, const FieldDescriptor& chosen, int value_levels);
  void add_field(std::string& out, const FieldDescriptor& field, int level, int value_levels);
  void add_numbers(std::string& out, const FieldDescriptor& field);
  void add_number(std::string& out, const FieldDescriptor& field, bool with_key);
  void add_unknown(std::string& out);
  std::string text();
  std::string bytes_of(const FieldDescriptor& field);
  uint64_t number();

  Random random_;
  RandomWireOptions options_;
};

// Field access by name, for comparing.
class Fields {
 public:
  explicit Fields(const Message& message) : message_(message) {}
  std::string text(const char* name) const;
  // Of any integer or enum field; of a bool 0 or 1.
  int64_t number(const char* name) const;
  double real(const char* name) const;
  bool has(const char* name) const;
  const Message& message(const char* name) const;
  int count(const char* name) const;
  const Message& element(const char* name, int index) const;
  const FieldDescriptor* field(const char* name) const { return message_.GetDescriptor()->FindFieldByName(name); }
  const Message& operator*() const { return message_; }

 private:
  const Message& message_;
};

// "" when they are equal, unknown fields included; else what differs.
std::string difference(const Message& expected, const Message& actual);

}  // namespace vigia::otlp
