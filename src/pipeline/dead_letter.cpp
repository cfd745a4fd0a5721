#include "pipeline/dead_letter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <tuple>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "otlp/json_text.h"

namespace vigia::pipeline {

namespace {

constexpr uint64_t format_version = 1;
constexpr size_t check_bytes = 8;
static_assert(std::endian::native == std::endian::little, "the check is written as it lies in memory");

std::string check_of(std::string_view bytes) {
  uint64_t check = hash64(bytes);
  return {reinterpret_cast<const char*>(&check), check_bytes};
}

// --- Writing the line ---

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_json_escaped(out, text);
  return out + "\"";
}

std::string metadata_text(const Client& client) {
  std::string list;
  for (const auto& [name, value] : client.metadata) list += fmt::format("{}[{},{}]", list.empty() ? "" : ",", quoted(name), quoted(value));
  return list;
}

std::string head_line(const DeadLetterHead& head, uint64_t body_bytes) {
  return fmt::format(
      R"({{"vigia_dead_letter":{},"pipeline":{},"exporter":{},"signal":{},"customer":{},"reason":{},"time_ms":{},"items":{},)"
      R"("peer_address":{},"metadata":[{}],"body_bytes":{}}})"
      "\n",
      format_version, quoted(head.pipeline), quoted(head.exporter), quoted(otlp::signal_name(head.signal)), quoted(head.client.customer),
      quoted(std::string_view(head.reason).substr(0, max_reason_bytes)), head.time_ms, head.items, quoted(head.client.peer_address),
      metadata_text(head.client), body_bytes);
}

// --- Reading it ---

// Reads what head_line() writes: no blanks, and of JSON only what stands there. After the first mistake nothing is there any more.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  bool is_at(char c) const { return rest_.starts_with(c); }
  bool take(char c) {
    if (!is_at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool is_at_end() const { return rest_.empty(); }

  std::optional<std::string> text() {
    if (!take('"')) return std::nullopt;
    size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return std::nullopt;
    std::string text;
    if (!otlp::append_unescaped(text, rest_.substr(0, end))) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::optional<int64_t> number() {
    size_t end = std::min(rest_.find_first_not_of("-0123456789"), rest_.size());
    std::optional<int64_t> number = parse_int(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return number;
  }
  // [["name","value"],…]
  std::optional<std::vector<std::pair<std::string, std::string>>> pairs() {
    std::vector<std::pair<std::string, std::string>> list;
    if (!take('[')) return std::nullopt;
    while (!is_at(']')) {
      if (!list.empty() && !take(',')) return std::nullopt;
      if (!take('[')) return std::nullopt;
      std::optional<std::string> name = text();
      if (!name || !take(',')) return std::nullopt;
      std::optional<std::string> value = text();
      if (!value || !take(']')) return std::nullopt;
      list.emplace_back(std::move(*name), std::move(*value));
    }
    take(']');
    return list;
  }

 private:
  std::string_view rest_;
};

template <typename Value>
bool put(std::optional<Value> value, Value& out) {
  if (!value) return false;
  out = std::move(*value);
  return true;
}

bool put(std::optional<int64_t> value, uint64_t& out) {
  if (!value || *value < 0) return false;
  out = static_cast<uint64_t>(*value);
  return true;
}

bool put_signal(const std::optional<std::string>& name, otlp::Signal& out) {
  for (otlp::Signal signal : otlp::all_signals) {
    if (name != otlp::signal_name(signal)) continue;
    out = signal;
    return true;
  }
  return false;
}

// Later versions may add keys with texts and numbers: these are passed over.
bool read_value(LineReader& in, const std::string& key, DeadLetterHead& head, uint64_t& version) {
  if (key == "vigia_dead_letter") return put(in.number(), version);
  if (key == "pipeline") return put(in.text(), head.pipeline);
  if (key == "exporter") return put(in.text(), head.exporter);
  if (key == "customer") return put(in.text(), head.client.customer);
  if (key == "reason") return put(in.text(), head.reason);
  // So that it can be reckoned with in nanoseconds.
  if (key == "time_ms") return put(in.number(), head.time_ms) && head.time_ms >= 0 && head.time_ms <= INT64_MAX / 1'000'000;
  if (key == "items") return put(in.number(), head.items);
  if (key == "peer_address") return put(in.text(), head.client.peer_address);
  if (key == "metadata") return put(in.pairs(), head.client.metadata);
  if (key == "body_bytes") return put(in.number(), head.body_bytes);
  if (key == "signal") return put_signal(in.text(), head.signal);
  return in.is_at('"') ? in.text().has_value() : in.number().has_value();
}

bool read_line(std::string_view line, DeadLetterHead& head, uint64_t& version) {
  LineReader in(line);
  if (!in.take('{')) return false;
  do {
    std::optional<std::string> key = in.text();
    if (!key || !in.take(':') || !read_value(in, *key, head, version)) return false;
  } while (in.take(','));
  return in.take('}') && in.is_at_end();
}

}  // namespace

bool DeadLetterHead::operator==(const DeadLetterHead& other) const {
  auto fields = [](const DeadLetterHead& head) {
    return std::tie(head.pipeline, head.exporter, head.signal, head.reason, head.time_ms, head.items, head.client.customer,
                    head.client.peer_address, head.client.metadata, head.body_bytes);
  };
  return fields(*this) == fields(other);
}

std::string encode_dead_letter(const DeadLetterHead& head, const Chain& body) {
  std::string file = head_line(head, body.size());
  file.reserve(file.size() + body.size() + check_bytes);
  for (const Slice& slice : body.slices()) file += slice.view();
  return file + check_of(file);
}

uint64_t dead_letter_file_bytes(const DeadLetterHead& head, size_t line_bytes) { return line_bytes + head.body_bytes + check_bytes; }

Result<DeadLetterHead> decode_dead_letter_head(std::string_view file) {
  DeadLetterHead head;
  uint64_t version = 0;
  size_t end = file.find('\n');
  if (end == std::string_view::npos || !read_line(file.substr(0, end), head, version) || version == 0)
    return data_loss("it does not begin as a dead letter does");
  if (version > format_version) return Status(StatusCode::failed_precondition, "a later version of this program has written it");
  return head;
}

Result<DeadLetter> decode_dead_letter(std::string_view file) {
  ASSIGN_OR_RETURN(DeadLetterHead head, decode_dead_letter_head(file));
  size_t line_bytes = file.find('\n') + 1;
  // The claim is compared with what is there, so that no sum can overflow.
  if (file.size() < line_bytes + check_bytes || head.body_bytes != file.size() - line_bytes - check_bytes)
    return data_loss(fmt::format("it has {} bytes, which is not what its head says", file.size()));
  if (file.substr(file.size() - check_bytes) != check_of(file.substr(0, file.size() - check_bytes)))
    return data_loss("its check does not fit its content");
  return DeadLetter{std::move(head), std::string(file.substr(line_bytes, file.size() - line_bytes - check_bytes))};
}

}  // namespace vigia::pipeline
