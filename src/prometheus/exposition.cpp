#include "prometheus/exposition.h"

#include <array>

#include <fmt/core.h>

#include "base/text.h"
#include "prometheus/openmetrics_parser.h"
#include "prometheus/protobuf_parser.h"
#include "prometheus/text_parser.h"

namespace vigia::prometheus {

namespace {

struct Protocol {
  std::string_view name;
  std::string_view media_type;
  bool has_escaping;  // the version knows the parameter
};
constexpr std::array<Protocol, 5> protocols = {{
    {"PrometheusProto", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", false},
    {"OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1", false},
    {"OpenMetricsText1.0.0", "application/openmetrics-text;version=1.0.0", true},
    {"PrometheusText0.0.4", "text/plain;version=0.0.4", false},
    {"PrometheusText1.0.0", "text/plain;version=1.0.0", true},
}};

std::string_view without_parameters(std::string_view content_type) { return trim(content_type.substr(0, content_type.find(';'))); }

std::optional<ScrapeProtocol> protocol_of(std::string_view content_type) {
  std::string_view type = without_parameters(content_type);
  if (equals_ignoring_case(type, "text/plain")) return ScrapeProtocol::text_0_0_4;
  if (equals_ignoring_case(type, "application/openmetrics-text")) return ScrapeProtocol::openmetrics_1_0_0;
  if (equals_ignoring_case(type, "application/vnd.google.protobuf")) return ScrapeProtocol::protobuf;
  return std::nullopt;
}

}  // namespace

std::string_view metric_type_name(MetricType type) {
  constexpr std::string_view names[] = {"unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"};
  return names[static_cast<size_t>(type)];
}

void append_unescaped(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '\\' || (next != '\\' && next != '"' && next != 'n')) {
      out += text[i];
      continue;
    }
    out += next == 'n' ? '\n' : next;
    i++;
  }
}

std::optional<ScrapeProtocol> scrape_protocol_by_name(std::string_view name) {
  for (size_t i = 0; i < protocols.size(); i++)
    if (protocols[i].name == name) return static_cast<ScrapeProtocol>(i);
  return std::nullopt;
}

const std::vector<std::string>& scrape_protocol_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Protocol& protocol : protocols) list.emplace_back(protocol.name);
    return list;
  }();
  return names;
}

std::string accept_header(const std::vector<ScrapeProtocol>& wanted, std::string_view escaping) {
  std::string header;
  size_t weight = protocols.size() + 1;
  for (ScrapeProtocol one : wanted) {
    const Protocol& protocol = protocols[static_cast<size_t>(one)];
    header += protocol.media_type;
    if (protocol.has_escaping) header += fmt::format(";escaping={}", escaping);
    header += fmt::format(";q=0.{},", weight--);
  }
  return header + fmt::format("*/*;q=0.{}", weight);
}

Result<std::unique_ptr<ExpositionParser>> open_exposition(std::string_view content_type, std::optional<ScrapeProtocol> fallback,
                                                          const ParserOptions& options) {
  std::optional<ScrapeProtocol> protocol = protocol_of(content_type);
  if (!protocol) protocol = fallback;
  if (!protocol) return unimplemented(fmt::format("cannot read metrics of the content type \"{}\"", content_type.substr(0, 100)));
  std::unique_ptr<ExpositionParser> parser;
  switch (*protocol) {
    case ScrapeProtocol::protobuf:
      parser = std::make_unique<ProtobufParser>(std::string_view(), options);
      break;
    case ScrapeProtocol::openmetrics_0_0_1:
    case ScrapeProtocol::openmetrics_1_0_0:
      parser = std::make_unique<OpenMetricsParser>(std::string_view());
      break;
    case ScrapeProtocol::text_0_0_4:
    case ScrapeProtocol::text_1_0_0:
      parser = std::make_unique<TextParser>(std::string_view());
      break;
  }
  return parser;
}

}  // namespace vigia::prometheus
