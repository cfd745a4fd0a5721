#include "app/dead_letter_text.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"
#include "config/secret_names.h"
#include "otlp/json_write.h"

namespace vigia::app {

namespace {

constexpr int64_t ms_per_second = 1000;

// What a terminal would take for a command becomes a blank.
std::string printable(std::string_view text) {
  std::string result = repair_utf8(text);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return result;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  append_json_escaped(out, repair_utf8(text));
  return out + "\"";
}

size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1 << 20) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string age_text(int64_t time_ms, int64_t now_ms) {
  int64_t seconds = std::max<int64_t>(now_ms - time_ms, 0) / ms_per_second;
  return format_duration_ns(seconds * 1'000'000'000);
}

using Row = std::array<std::string, 8>;

Row row_of(const BoxedDeadLetter& boxed, int64_t now_ms) {
  const pipeline::ListedDeadLetter& letter = boxed.letter;
  const pipeline::DeadLetterHead& head = letter.head;
  if (!letter.damage.is_ok())
    return {letter.name, "-", boxed.place, "-", "-", "-", size_text(letter.bytes), "damaged: " + printable(letter.damage.message())};
  return {letter.name,
          age_text(head.time_ms, now_ms),
          printable(head.pipeline),
          printable(head.exporter),
          head.client.customer.empty() ? "-" : printable(head.client.customer),
          std::to_string(head.items),
          size_text(letter.bytes),
          printable(head.reason)};
}

// The fields of a head as the inside of a JSON object.
std::string head_fields(const BoxedDeadLetter& where, const pipeline::DeadLetterHead& head) {
  return fmt::format(
      R"("name":{},"path":{},"time_ms":{},"pipeline":{},"exporter":{},"signal":"{}","customer":{},"items":{},"bytes":{},"reason":{})",
      json_text(where.letter.name), json_text(where.path()), head.time_ms, json_text(head.pipeline), json_text(head.exporter),
      otlp::signal_name(head.signal), json_text(head.client.customer), head.items, where.letter.bytes, json_text(head.reason));
}

std::string_view shown_value(const std::string& name, std::string_view value) {
  return config::is_secret_name(name) ? config::redacted_text : value;
}

std::string body_json(const pipeline::DeadLetter& letter) {
  MemoryLedger ledger;
  Appender out(ledger, letter.body.size() * 2);
  otlp::write_json(letter.head.signal, letter.body, out);
  return std::string(out.view());
}

}  // namespace

std::string dead_letter_table(const std::vector<BoxedDeadLetter>& letters, int64_t now_ms) {
  std::vector<Row> rows = {{"NAME", "AGE", "PIPELINE", "EXPORTER", "CUSTOMER", "ITEMS", "SIZE", "REASON"}};
  for (const BoxedDeadLetter& letter : letters) rows.push_back(row_of(letter, now_ms));
  std::array<size_t, 8> widths{};
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], width_of(row[i]));
  std::string table;
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); i++) table += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    table += row.back() + "\n";
  }
  return table;
}

std::string listed_json(const BoxedDeadLetter& boxed) {
  const pipeline::ListedDeadLetter& letter = boxed.letter;
  if (letter.damage.is_ok()) return "{" + head_fields(boxed, letter.head) + "}";
  return fmt::format(R"({{"name":{},"path":{},"bytes":{},"damage":{}}})", json_text(letter.name), json_text(boxed.path()), letter.bytes,
                     json_text(letter.damage.message()));
}

std::string letter_text(const BoxedDeadLetter& where, const pipeline::DeadLetter& letter) {
  const pipeline::DeadLetterHead& head = letter.head;
  std::string text = fmt::format(
      "name:      {}\ntime:      {}\npipeline:  {}\nexporter:  {}\nsignal:    {}\ncustomer:  {}\nitems:     {}\nsize:      {}\nreason:    "
      "{}\n"
      "peer:      {}\n",
      where.path(), format_rfc3339(head.time_ms * 1'000'000), printable(head.pipeline), printable(head.exporter),
      otlp::signal_name(head.signal), printable(head.client.customer), head.items, size_text(where.letter.bytes), printable(head.reason),
      printable(head.client.peer_address));
  for (const auto& [name, value] : head.client.metadata)
    text += fmt::format("metadata:  {}: {}\n", printable(name), printable(shown_value(name, value)));
  return text + body_json(letter) + "\n";
}

std::string letter_json(const BoxedDeadLetter& where, const pipeline::DeadLetter& letter) {
  std::string metadata;
  for (const auto& [name, value] : letter.head.client.metadata)
    metadata += fmt::format("{}[{},{}]", metadata.empty() ? "" : ",", json_text(name), json_text(shown_value(name, value)));
  return fmt::format(R"({{{},"peer_address":{},"metadata":[{}],"body":{}}})", head_fields(where, letter.head),
                     json_text(letter.head.client.peer_address), metadata, body_json(letter));
}

std::string amount_text(const std::vector<BoxedDeadLetter>& letters) {
  uint64_t items = 0, bytes = 0;
  for (const BoxedDeadLetter& letter : letters) {
    items += letter.letter.head.items;
    bytes += letter.letter.bytes;
  }
  auto counted = [](uint64_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); };
  return fmt::format("{} ({}, {})", counted(letters.size(), "dead letter"), counted(items, "item"), size_text(bytes));
}

}  // namespace vigia::app
