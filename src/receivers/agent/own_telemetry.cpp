#include "receivers/agent/own_telemetry.h"

#include "otlp/attribute_write.h"

namespace vigia::receivers {

namespace {

constexpr std::string_view scope = "vigia/agent";

struct Severity {
  uint64_t number;
  std::string_view text;
};

Severity severity_of(LogLevel level) {
  constexpr Severity severities[] = {{5, "DEBUG"}, {9, "INFO"}, {13, "WARN"}, {17, "ERROR"}};
  return severities[static_cast<size_t>(level)];
}

void append_field(Appender& out, uint32_t number, const LogField& field) {
  struct Visitor {
    Appender& out;
    uint32_t number;
    std::string_view name;
    void operator()(const std::string& value) const { otlp::append_attribute(out, number, name, value); }
    void operator()(int64_t value) const { otlp::append_int_attribute(out, number, name, value); }
    void operator()(double value) const { otlp::append_double_attribute(out, number, name, value); }
    void operator()(bool value) const { otlp::append_bool_attribute(out, number, name, value); }
  };
  std::visit(Visitor{out, number, field.name}, field.value);
}

void append_line(otlp::RequestWriter& writer, const LogTap::Line& line, int64_t observed_ns) {
  constexpr uint32_t time = 1, severity_number = 2, severity_text = 3, body = 5, attributes = 6, observed_time = 11;
  Appender& out = writer.out();
  otlp::NestedMessage record(out, otlp::RequestWriter::item_tag, 200);
  Severity severity = severity_of(line.level);
  otlp::append_fixed64_field(out, time, static_cast<uint64_t>(line.wall_ns));
  otlp::append_varint_field(out, severity_number, severity.number);
  otlp::append_bytes_field(out, severity_text, severity.text);
  otlp::NestedMessage text(out, otlp::bytes_tag(body), line.message.size() + 4);
  otlp::append_bytes_field(out, 1, line.message);
  text.close();
  for (const LogField& field : line.fields) append_field(out, attributes, field);
  otlp::append_fixed64_field(out, observed_time, static_cast<uint64_t>(observed_ns));
  record.close();
}

// Ids that are all zeros are invalid.
void append_random_bytes(Appender& out, uint32_t number, size_t size, Random& random) {
  char bytes[16];
  for (size_t at = 0; at < size; at += 8) {
    uint64_t part = random.next() | 1;
    std::memcpy(bytes + at, &part, 8);
  }
  otlp::append_bytes_field(out, number, {bytes, size});
}

void append_round(otlp::RequestWriter& writer, const pipeline::SendRound& round, Random& random) {
  constexpr uint32_t trace_id = 1, span_id = 2, name = 5, kind = 6, start = 7, end = 8, attributes = 9, status = 15;
  constexpr uint64_t client = 3, ok = 1, error = 2;
  Appender& out = writer.out();
  otlp::NestedMessage span(out, otlp::RequestWriter::item_tag, 300);
  append_random_bytes(out, trace_id, 16, random);
  append_random_bytes(out, span_id, 8, random);
  otlp::append_bytes_field(out, name, "export " + std::string(otlp::signal_name(round.signal)));
  otlp::append_varint_field(out, kind, client);
  otlp::append_fixed64_field(out, start, static_cast<uint64_t>(round.started_wall_ns));
  otlp::append_fixed64_field(out, end, static_cast<uint64_t>(round.ended_wall_ns));
  otlp::append_attribute(out, attributes, "exporter", round.exporter);
  otlp::append_attribute(out, attributes, "data_type", otlp::signal_name(round.signal));
  otlp::append_int_attribute(out, attributes, "items", static_cast<int64_t>(round.items));
  otlp::append_int_attribute(out, attributes, "bytes", static_cast<int64_t>(round.bytes));
  otlp::NestedMessage outcome(out, otlp::bytes_tag(status), 100);
  if (!round.status.is_ok()) otlp::append_bytes_field(out, 2, round.status.message());
  otlp::append_varint_field(out, 3, round.status.is_ok() ? ok : error);
  outcome.close();
  span.close();
}

}  // namespace

Slice logs_request(const std::vector<LogTap::Line>& lines, std::string_view resource, std::string_view version, int64_t observed_ns,
                   MemoryLedger& ledger) {
  otlp::RequestWriter writer(ledger, 250 * lines.size());
  writer.open_resource(resource);
  writer.open_scope(scope, version);
  for (const LogTap::Line& line : lines) append_line(writer, line, observed_ns);
  return writer.take();
}

Slice spans_request(const std::vector<pipeline::SendRound>& rounds, std::string_view resource, std::string_view version, Random& random,
                    MemoryLedger& ledger) {
  otlp::RequestWriter writer(ledger, 300 * rounds.size());
  writer.open_resource(resource);
  writer.open_scope(scope, version);
  for (const pipeline::SendRound& round : rounds) append_round(writer, round, random);
  return writer.take();
}

}  // namespace vigia::receivers
