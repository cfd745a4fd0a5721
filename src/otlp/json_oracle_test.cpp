// Scenario: random requests with all fields of OTLP, and the generated data sets.
// Guarantee: a request that goes to JSON and back means the same to libprotobuf, and our JSON and libprotobuf's own JSON are
// each other's, but for the ids, which are hexadecimal in OTLP and base64 in protobuf.

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/text.h"
#include "otlp/generator.h"
#include "otlp/json_read.h"
#include "otlp/json_write.h"
#include "otlp/protobuf_oracle.h"
#include "otlp/validate.h"

namespace vigia::otlp {

namespace {

namespace pb = google::protobuf;

std::string json_of(Signal signal, std::string_view request) {
  MemoryLedger ledger;
  Appender out(ledger);
  write_json(signal, request, out);
  return std::string(out.view());
}

// The embedded messages that OTLP/JSON always writes: their presence is not kept.
void make_present(Message& message) {
  const pb::Reflection* reflection = message.GetReflection();
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); i++) {
    const FieldDescriptor* field = type->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < reflection->FieldSize(message, field); j++) make_present(*reflection->MutableRepeatedMessage(&message, field, j));
    } else if (!field->containing_oneof() || reflection->HasField(message, field)) {
      bool is_any = field->message_type()->name() == "AnyValue" && !reflection->HasField(message, field);
      Message* inner = reflection->MutableMessage(&message, field);
      if (!is_any) make_present(*inner);
    }
  }
}

using Recoder = std::string (*)(std::string_view);

std::string base64_of_hex(std::string_view text) { return to_base64(from_hex(text).value_or("")); }
std::string hex_of_base64(std::string_view text) { return to_hex(from_base64(text).value_or("")); }

// Writes the ids in a JSON text anew. What looks like an id within a string has a backslash before its quotes.
std::string with_ids(std::string json, Recoder recode) {
  for (std::string_view field : {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}) {
    const std::string name = '"' + std::string(field) + "\":\"";
    for (size_t at = json.find(name); at != std::string::npos; at = json.find(name, at + 1)) {
      size_t start = at + name.size();
      size_t size = json.find('"', start) - start;
      json.replace(start, size, recode(std::string_view(json).substr(start, size)));
    }
  }
  return json;
}

class JsonOracle : public OracleTest {
 protected:
  // The same request to libprotobuf, with what JSON does not keep made equal.
  std::unique_ptr<Message> meaning(Signal signal, std::string_view request) {
    std::unique_ptr<Message> message = oracle_->parse(signal, request);
    if (message) make_present(*message);
    return message;
  }

  void expect_same(Signal signal, std::string_view request, std::string_view json) {
    Result<JsonRequest> read = read_json(signal, json, ledger_);
    ASSERT_TRUE(read.is_ok()) << read.status().message() << "\n" << json;
    EXPECT_EQ(read->repaired_count, 0u);
    std::unique_ptr<Message> before = meaning(signal, request);
    std::unique_ptr<Message> after = meaning(signal, read->request.view());
    ASSERT_TRUE(before && after);
    ASSERT_EQ(difference(*before, *after), "") << json;
  }

  // All four ways between the wire, our JSON and libprotobuf's.
  void check(Signal signal, std::string_view request) {
    std::string json = json_of(signal, request);
    expect_same(signal, request, json);
    std::unique_ptr<Message> message = meaning(signal, request);
    ASSERT_TRUE(message);

    std::unique_ptr<Message> theirs(message->New());
    ASSERT_TRUE(pb::util::JsonStringToMessage(with_ids(json, base64_of_hex), theirs.get()).ok()) << json;
    make_present(*theirs);
    ASSERT_EQ(difference(*message, *theirs), "") << json;

    for (bool original_names : {false, true}) {
      pb::util::JsonPrintOptions options;
      options.preserve_proto_field_names = original_names;
      options.always_print_primitive_fields = original_names;
      std::string their_json;
      ASSERT_TRUE(pb::util::MessageToJsonString(*message, &their_json, options).ok());
      expect_same(signal, request, with_ids(their_json, hex_of_base64));
    }
  }
};

}  // namespace

TEST_F(JsonOracle, RandomRequests) {
  RandomWireOptions options;
  options.has_unknown = false;
  for (Signal signal : all_signals) {
    for (uint64_t seed = 0; seed < 150; seed++) {
      RandomWire random(seed, options);
      std::string request = random.message(*oracle_->request(signal));
      check(signal, request);
      if (HasFatalFailure()) FAIL() << signal_name(signal) << ", seed " << seed;
    }
  }
}

TEST_F(JsonOracle, UnknownFieldsAreAllThatIsLost) {
  RandomWireOptions options;
  for (Signal signal : all_signals) {
    for (uint64_t seed = 1'000; seed < 1'050; seed++) {
      RandomWire random(seed, options);
      std::string request = random.message(*oracle_->request(signal));
      std::unique_ptr<Message> known = oracle_->parse(signal, request);
      ASSERT_TRUE(known);
      known->DiscardUnknownFields();
      EXPECT_EQ(json_of(signal, request), json_of(signal, known->SerializeAsString()));
    }
  }
}

TEST_F(JsonOracle, GeneratedRequests) {
  for (Signal signal : all_signals) {
    DataSetOptions options;
    options.signal = signal;
    options.batch = 300;
    Result<Generator> generator = Generator::create(options);
    ASSERT_TRUE(generator.is_ok());
    Appender request(ledger_);
    generator->next_request(request);
    check(signal, request.view());
  }
}

TEST_F(JsonOracle, WhatWasReadPassesTheDoorUnchanged) {
  for (Signal signal : all_signals) {
    for (uint64_t seed = 0; seed < 100; seed++) {
      RandomWire random(seed);
      std::string json = json_of(signal, random.message(*oracle_->request(signal)));
      Result<JsonRequest> read = read_json(signal, json, ledger_);
      ASSERT_TRUE(read.is_ok()) << read.status().message();
      Result<Checked> checked = validate(signal, read->request, ledger_);
      ASSERT_TRUE(checked.is_ok()) << checked.status().message();
      EXPECT_EQ(checked->body.view(), read->request.view());
    }
  }
}

}  // namespace vigia::otlp
