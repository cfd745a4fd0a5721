#pragma once

// Asks the metadata service of a cloud, or another HTTP service of this machine.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/node.h"
#include "net/http_client.h"
#include "pipeline/component.h"

namespace vigia::processors {

class MetadataClient {
 public:
  // `endpoint` has been checked: "http://host:port" or "unix:///path". It is reached without a proxy, since it is this machine's own.
  MetadataClient(const pipeline::Context& context, const std::string& endpoint, int64_t timeout_ms);

  struct Question {
    std::string path;
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers = {};
  };
  using Done = Function<void(Result<std::string>)>;
  // The body of an answer with status 200; every other answer is an error. On a loop; `done` comes there.
  void ask(Question question, Done done);
  // Fails what is under way. `closed` comes on any thread.
  void close(Function<void()> closed) { client_->close(std::move(closed)); }

 private:
  std::string endpoint_;
  int64_t timeout_ms_;
  std::shared_ptr<net::HttpClient> client_;
};

// A document of such a service. JSON is YAML, which has a bounded reader already.
Result<config::Node> parse_document(const std::string& json);
// The text at the end of a path of keys; "" when there is none.
std::string text_at(const config::Node& document, std::initializer_list<std::string_view> keys);

}  // namespace vigia::processors
