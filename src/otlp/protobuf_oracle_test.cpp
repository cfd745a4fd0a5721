// Scenario: the schema that our tables were written from and the schema of the installed OTLP package.
// Guarantee: every field of OTLP is in the tables with its number, name and kind, and the tables have no other.

#include "otlp/protobuf_oracle.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "otlp/door_schema.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace pb = google::protobuf;

const Oracle* Oracle::load() {
  static const std::unique_ptr<Oracle> oracle = [] {
    const char* path = std::getenv("VIGIA_OTLP_SCHEMA");
    std::unique_ptr<Oracle> loaded(new Oracle);
    if (!path || !loaded->read(path)) loaded.reset();
    return loaded;
  }();
  return oracle.get();
}

static void take_strings_as_bytes(pb::DescriptorProto& message) {
  for (auto& field : *message.mutable_field()) {
    if (field.type() == pb::FieldDescriptorProto::TYPE_STRING) field.set_type(pb::FieldDescriptorProto::TYPE_BYTES);
  }
  for (auto& nested : *message.mutable_nested_type()) take_strings_as_bytes(nested);
}

bool Oracle::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  pb::FileDescriptorSet files;
  if (!in || !files.ParseFromString(bytes.str())) return false;
  for (pb::FileDescriptorProto& file : *files.mutable_file()) {
    if (!checked_.BuildFile(file)) return false;
    for (auto& message : *file.mutable_message_type()) take_strings_as_bytes(message);
    if (!raw_.BuildFile(file)) return false;
  }
  checked_messages_ = std::make_unique<pb::DynamicMessageFactory>(&checked_);
  raw_messages_ = std::make_unique<pb::DynamicMessageFactory>(&raw_);
  return true;
}

const Descriptor* Oracle::request(Signal signal, Text text) const {
  const char* names[] = {"opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
                         "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest",
                         "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"};
  return (text == Text::checked ? checked_ : raw_).FindMessageTypeByName(names[static_cast<size_t>(signal)]);
}

std::unique_ptr<Message> Oracle::parse(Signal signal, std::string_view bytes, Text text) const {
  pb::DynamicMessageFactory& factory = text == Text::checked ? *checked_messages_ : *raw_messages_;
  std::unique_ptr<Message> message(factory.GetPrototype(request(signal, text))->New());
  pb::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(10000);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) return nullptr;
  return message;
}

// How often a field stands in a message. `chosen` is the member that an oneof has.
size_t RandomWire::occurrences(const FieldDescriptor& field, const FieldDescriptor& chosen, int value_levels) {
  bool is_value = field.containing_type()->name() == "AnyValue";
  if (is_value && field.message_type() && value_levels >= options_.most_value_levels) return 0;
  if (field.is_repeated()) return random_.below(4);
  bool is_rare = field.name() == "key_strindex" || (field.real_containing_oneof() && &field != &chosen);
  if (is_rare && !(options_.has_twice && chance(5))) return 0;
  return (chance(80) ? 1 : 0) + (options_.has_twice && chance(6) ? 1 : 0);
}

std::string RandomWire::message(const Descriptor& type, int level, int value_levels) {
  bool is_value = type.name() == "AnyValue";
  if (is_value) value_levels++;
  std::vector<const FieldDescriptor*> order;
  int fields = type.field_count();
  const FieldDescriptor* chosen = type.field(is_value && chance(40) ? 0 : static_cast<int>(random_.below(static_cast<uint64_t>(fields))));
  for (int i = 0; i < fields; i++) order.insert(order.end(), occurrences(*type.field(i), *chosen, value_levels), type.field(i));
  if (chance(25)) {
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random_.below(i)]);
  }
  bool may_be_unknown = options_.has_unknown && (level > 0 || options_.has_unknown_on_top);
  std::string out;
  for (const FieldDescriptor* field : order) {
    if (may_be_unknown && chance(2)) add_unknown(out);
    size_t begin = out.size();
    add_field(out, *field, level, value_levels);
    // Now and then a key in more bytes than it needs.
    size_t key_size = field->number() < 16 ? 1 : 2;
    if (chance(1)) out.replace(begin + key_size - 1, 1, {static_cast<char>(out[begin + key_size - 1] | '\x80'), '\x80', '\x00'});
  }
  if (may_be_unknown && chance(5)) add_unknown(out);
  return out;
}

void RandomWire::add_field(std::string& out, const FieldDescriptor& field, int level, int value_levels) {
  auto number = static_cast<uint32_t>(field.number());
  switch (field.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      append_bytes_field(out, number, message(*field.message_type(), level + 1, value_levels));
      break;
    case FieldDescriptor::TYPE_STRING:
      append_bytes_field(out, number, text());
      break;
    case FieldDescriptor::TYPE_BYTES:
      append_bytes_field(out, number, bytes_of(field));
      break;
    default:
      if (field.is_repeated()) {
        add_numbers(out, field);
      } else {
        add_number(out, field, true);
      }
  }
}

void RandomWire::add_numbers(std::string& out, const FieldDescriptor& field) {
  if (chance(30)) return add_number(out, field, true);
  std::string packed;
  for (uint64_t i = random_.below(6); i > 0; i--) add_number(packed, field, false);
  append_bytes_field(out, static_cast<uint32_t>(field.number()), packed);
}

void RandomWire::add_number(std::string& out, const FieldDescriptor& field, bool with_key) {
  auto number_of_field = static_cast<uint32_t>(field.number());
  std::string value;
  WireType type = WireType::varint;
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64: {
      type = WireType::fixed64;
      double real = random_.fraction() * 1e6;
      uint64_t bits = number();
      if (field.type() == FieldDescriptor::TYPE_DOUBLE) std::memcpy(&bits, &real, 8);
      value.assign(reinterpret_cast<const char*>(&bits), 8);
      break;
    }
    case FieldDescriptor::TYPE_FIXED32: {
      type = WireType::fixed32;
      auto bits = static_cast<uint32_t>(number());
      value.assign(reinterpret_cast<const char*>(&bits), 4);
      break;
    }
    default:
      append_varint(value, number());
  }
  if (with_key) append_varint(out, tag_of(number_of_field, type));
  out += value;
}

void RandomWire::add_unknown(std::string& out) {
  auto number_of_field = static_cast<uint32_t>(100 + random_.below(3000));
  switch (random_.below(4)) {
    case 0:
      return append_varint_field(out, number_of_field, number());
    case 1:
      return append_fixed64_field(out, number_of_field, number());
    case 2:
      return append_fixed32_field(out, number_of_field, static_cast<uint32_t>(number()));
    default:
      return append_bytes_field(out, number_of_field, text() + "\xFF");
  }
}

std::string RandomWire::text() {
  static const char* const pieces[] = {"a", "http.method", "GET", "é", "日本語", "🚀", "service.name", "", "0123456789abcdef"};
  static const char* const broken[] = {"\xFF", "\xC3", "\xE6\x97", "\xED\xA0\x80", "\xF0\x9F", "\x80"};
  std::string text;
  for (uint64_t i = random_.below(chance(5) ? 40 : 4); i > 0; i--) text += pieces[random_.below(std::size(pieces))];
  if (options_.has_bad_text && chance(3)) text.insert(random_.below(text.size() + 1), broken[random_.below(std::size(broken))]);
  return text;
}

std::string RandomWire::bytes_of(const FieldDescriptor& field) {
  bool is_trace = field.name() == "trace_id";
  bool is_span = field.name() == "span_id" || field.name() == "parent_span_id";
  size_t size = is_trace ? 16 : is_span ? 8 : random_.below(20);
  if ((is_trace || is_span) && chance(10)) size = 0;
  if ((is_trace || is_span) && chance(options_.percent_bad_ids)) size = 1 + random_.below(20);
  std::string bytes;
  for (size_t i = 0; i < size; i++) bytes += static_cast<char>(random_.next());
  return bytes;
}

uint64_t RandomWire::number() { return random_.next() >> random_.below(64); }

std::string Fields::text(const char* name) const { return message_.GetReflection()->GetString(message_, field(name)); }

int64_t Fields::number(const char* name) const {
  const pb::Reflection* reflection = message_.GetReflection();
  const FieldDescriptor* f = field(name);
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message_, f);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->GetEnumValue(message_, f);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetInt32(message_, f);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message_, f);
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<int64_t>(reflection->GetUInt64(message_, f));
    default:
      return reflection->GetInt64(message_, f);
  }
}
double Fields::real(const char* name) const { return message_.GetReflection()->GetDouble(message_, field(name)); }
bool Fields::has(const char* name) const { return message_.GetReflection()->HasField(message_, field(name)); }
const Message& Fields::message(const char* name) const { return message_.GetReflection()->GetMessage(message_, field(name)); }
int Fields::count(const char* name) const { return message_.GetReflection()->FieldSize(message_, field(name)); }
const Message& Fields::element(const char* name, int index) const {
  return message_.GetReflection()->GetRepeatedMessage(message_, field(name), index);
}

std::string difference(const Message& expected, const Message& actual) {
  pb::util::MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  pb::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(expected, actual) ? "" : report;
}

namespace {

door::FieldKind kind_of(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      return door::FieldKind::message;
    case FieldDescriptor::TYPE_STRING:
      return door::FieldKind::text;
    case FieldDescriptor::TYPE_BYTES:
      if (field.name() == "trace_id") return door::FieldKind::trace_id;
      return field.name() == "span_id" || field.name() == "parent_span_id" ? door::FieldKind::span_id : door::FieldKind::bytes;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return field.is_repeated() ? door::FieldKind::fixed64s : door::FieldKind::fixed64;
    case FieldDescriptor::TYPE_FIXED32:
      return door::FieldKind::fixed32;
    default:
      return field.is_repeated() ? door::FieldKind::varints : door::FieldKind::varint;
  }
}

bool has_message_member(const pb::OneofDescriptor* oneof) {
  for (int i = 0; oneof && i < oneof->field_count(); i++) {
    if (oneof->field(i)->message_type()) return true;
  }
  return false;
}

class SchemaComparison {
 public:
  void compare(door::MessageType type, const Descriptor& descriptor) {
    if (!done_.insert(type).second) return;
    const door::MessageRule& rules = door::rules_of(type);
    for (uint32_t number = 1; number <= door::largest_known_field; number++) {
      const FieldDescriptor* field = descriptor.FindFieldByNumber(static_cast<int>(number));
      SCOPED_TRACE(std::string(descriptor.name()) + " field " + std::to_string(number));
      EXPECT_EQ(rules.fields[number].kind, field ? kind_of(*field) : door::FieldKind::unknown);
      if (!field) continue;
      bool once = has_message_member(field->real_containing_oneof()) || (field->message_type() && !field->is_repeated());
      EXPECT_EQ(rules.fields[number].once != 0, once);
      bool is_top_name = field->message_type() && std::isupper(rules.fields[number].name[0]);
      EXPECT_EQ(rules.fields[number].name, std::string(is_top_name ? field->message_type()->name() : field->name()));
      if (field->message_type()) compare(rules.fields[number].message, *field->message_type());
    }
    for (int i = 0; i < descriptor.field_count(); i++) {
      EXPECT_LE(descriptor.field(i)->number(), static_cast<int>(door::largest_known_field)) << descriptor.full_name();
    }
  }
  size_t count() const { return done_.size(); }

 private:
  std::set<door::MessageType> done_;
};

using SchemaTest = OracleTest;

TEST_F(SchemaTest, TablesAgreeWithThePublishedSchema) {
  SchemaComparison comparison;
  for (Signal signal : all_signals) comparison.compare(door::request_type(signal), *oracle_->request(signal));
  EXPECT_EQ(comparison.count(), door::message_type_count);
}

}  // namespace

}  // namespace vigia::otlp
