#include "otlp/export_response.h"

#include <array>

#include <fmt/core.h>

#include "base/log.h"
#include "otlp/wire.h"

namespace vigia::otlp {

std::string encode_export_response(const PartialSuccess& partial) {
  if (partial.is_full()) return {};
  std::string inner;
  if (partial.rejected_items > 0) append_varint_field(inner, 1, partial.rejected_items);
  if (!partial.message.empty()) append_bytes_field(inner, 2, partial.message);
  std::string response;
  append_bytes_field(response, 1, inner);
  return response;
}

std::string encode_export_response_json(Signal signal, const PartialSuccess& partial) {
  static constexpr std::array<std::string_view, 3> names = {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"};
  std::string inner;
  if (partial.rejected_items > 0) inner = fmt::format(R"("{}":"{}")", names[static_cast<size_t>(signal)], partial.rejected_items);
  if (!partial.message.empty()) {
    inner += inner.empty() ? R"("errorMessage":")" : R"(,"errorMessage":")";
    append_json_escaped(inner, partial.message);
    inner += '"';
  }
  return R"({"partialSuccess":{)" + inner + "}}";
}

std::optional<PartialSuccess> decode_export_response(std::string_view response) {
  PartialSuccess partial;
  Cursor outer(response);
  Field field;
  while (outer.next(field)) {
    if (field.tag != bytes_tag(1)) continue;
    Cursor inner(field.content);
    Field part;
    while (inner.next(part)) {
      if (part.tag == varint_tag(1)) partial.rejected_items = part.number;
      if (part.tag == bytes_tag(2)) partial.message = part.content;
    }
    if (!inner.ok()) return std::nullopt;
  }
  if (!outer.ok()) return std::nullopt;
  return partial;
}

}  // namespace vigia::otlp
