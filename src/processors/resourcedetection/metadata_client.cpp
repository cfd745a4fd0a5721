#include "processors/resourcedetection/metadata_client.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/yaml_reader.h"
#include "pipeline/net_config.h"

namespace vigia::processors {

namespace {

constexpr size_t most_answer_bytes = 1 << 20;
// Where there is no such service the address is often silent.
constexpr int64_t most_connect_ms = 2'000;

net::ClientSettings settings_for(const std::string& endpoint, int64_t timeout_ms) {
  net::ClientSettings settings;
  if (endpoint.starts_with("unix://")) {
    settings.host = "unix:" + endpoint.substr(7);
    settings.authority = "localhost";
  } else if (auto url = pipeline::HttpUrl::parse(endpoint); url.is_ok()) {
    settings.host = url->host;
    settings.port = url->port;
  }
  settings.connect_timeout_ms = std::min(timeout_ms, most_connect_ms);
  settings.max_connections_per_loop = 1;
  settings.max_response_bytes = most_answer_bytes;
  return settings;
}

}  // namespace

MetadataClient::MetadataClient(const pipeline::Context& context, const std::string& endpoint, int64_t timeout_ms)
    : endpoint_(endpoint),
      timeout_ms_(timeout_ms),
      client_(net::HttpClient::create(settings_for(endpoint, timeout_ms), context.loops, context.resolver, context.ledger, context.log)) {}

void MetadataClient::ask(Question question, Done done) {
  net::ClientRequest request;
  request.method = std::move(question.method);
  request.path = question.path;
  for (const auto& [name, value] : question.headers) request.headers.add(name, value);
  request.timeout_ms = timeout_ms_;
  auto on_answer = [where = endpoint_ + question.path, done = std::move(done)](Result<net::ClientResponse> answer) mutable {
    if (!answer.is_ok())
      done(std::move(answer).status());
    else if (answer->status != 200)
      done(not_found(fmt::format("{} answers {}", where, answer->status)));
    else
      done(std::string(answer->body.view()));
  };
  client_->send(std::move(request), std::move(on_answer));
}

Result<config::Node> parse_document(const std::string& json) {
  config::Diagnostics diagnostics;
  std::optional<config::Node> document = config::read_yaml(std::make_shared<config::Source>(config::Source{"answer", json}), diagnostics);
  if (!document || !document->is_map()) return invalid_argument("the answer is no JSON object");
  return std::move(*document);
}

std::string text_at(const config::Node& document, std::initializer_list<std::string_view> keys) {
  const config::Node* node = &document;
  for (std::string_view key : keys) {
    const config::MapEntry* entry = node->find(key);
    if (!entry) return {};
    node = &entry->value;
  }
  return node->is_scalar() ? node->text : std::string();
}

}  // namespace vigia::processors
