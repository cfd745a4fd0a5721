#include "app/health_command.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "app/command_line.h"
#include "app/complaint.h"
#include "app/configuration.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "pipeline/net_config.h"

namespace vigia::app {

namespace {

struct Answer {
  int status = 0;
  std::string body;
};

// One GET, waited for on this thread.
Result<Answer> get(const pipeline::HttpUrl& url, int64_t timeout_ms) {
  SystemClock clock;
  MemoryLedger ledger;
  net::LoopGroup loops(clock, 1);
  std::unique_ptr<net::Resolver> resolver = net::Resolver::create(loops);
  loops.start();
  pipeline::HttpClientConfig config;
  ASSIGN_OR_RETURN(net::ClientSettings settings, pipeline::client_settings(config, url, clock));
  std::shared_ptr<net::HttpClient> client = net::HttpClient::create(settings, loops, *resolver, ledger, Logger());

  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<net::ClientResponse>> answer;
  loops.at(0).post([&] {
    net::ClientRequest request;
    request.method = "GET";
    request.path = url.path.empty() ? "/" : url.path;
    request.timeout_ms = timeout_ms;
    client->send(std::move(request), [&](Result<net::ClientResponse> result) {
      std::lock_guard lock(mutex);
      answer = std::move(result);
      changed.notify_all();
    });
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return answer.has_value(); });
  }
  bool is_closed = false;
  client->close([&] {
    std::lock_guard lock(mutex);
    is_closed = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return is_closed; });
  lock.unlock();
  loops.stop();
  if (!answer->is_ok()) return answer->status();
  return Answer{(*answer)->status, std::string((*answer)->body.view())};
}

// Where a vigia of this machine answers, the likeliest first: the health_check extension, and the health page of an agent.
std::vector<std::string> usual_endpoints() {
  std::optional<std::string> agent_port = environment_variable("HEALTH_CHECK_PORT");
  bool is_agent = agent_port && !agent_port->empty();
  std::vector<std::string> endpoints = {"http://127.0.0.1:13133/health",
                                        "http://127.0.0.1:" + (is_agent ? *agent_port : "8080") + "/health"};
  if (is_agent) std::swap(endpoints[0], endpoints[1]);
  return endpoints;
}

Result<pipeline::HttpUrl> health_url(std::string endpoint) {
  if (endpoint.find("://") == std::string::npos) endpoint = "http://" + endpoint;
  ASSIGN_OR_RETURN(pipeline::HttpUrl url, pipeline::HttpUrl::parse(endpoint));
  if (url.path.empty()) url.path = "/health";
  return url;
}

}  // namespace

int health_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse({{"endpoint", "URL"}, {"timeout", "DURATION"}}, words);
  if (!arguments.is_ok()) return fail_with_usage(console, "health", arguments.status().message());
  if (!arguments->positional().empty())
    return fail_with_usage(console, "health", "unexpected argument: " + arguments->positional().front());
  std::string timeout = arguments->value("timeout", "5s");
  std::optional<int64_t> timeout_ns = parse_duration_ns(timeout);
  if (!timeout_ns || *timeout_ns <= 0)
    return fail_with_usage(console, "health", "--timeout: expected a duration such as 5s, found \"" + timeout + "\"");
  std::vector<std::string> endpoints = arguments->values("endpoint");
  if (endpoints.empty()) endpoints = usual_endpoints();
  std::string failures;
  for (const std::string& endpoint : endpoints) {
    auto url = health_url(endpoint);
    if (!url.is_ok()) return fail_with_usage(console, "health", "--endpoint: " + url.status().message());
    auto answer = get(*url, std::max<int64_t>(*timeout_ns / 1'000'000, 1));
    if (answer.is_ok()) {
      console.out << answer->body << std::endl;
      return answer->status >= 200 && answer->status < 300 ? 0 : 1;
    }
    failures += (failures.empty() ? "cannot ask " : "; nor ") + endpoint + ": " + answer.status().message();
  }
  return fail(console, failures);
}

}  // namespace vigia::app
