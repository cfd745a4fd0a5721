#include "app/health_command.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "app/agent_settings.h"
#include "app/command_line.h"
#include "app/complaint.h"
#include "app/configuration.h"
#include "app/presets.h"
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

// Whom to ask, and how.
struct Target {
  std::string endpoint;
  std::string token;                    // "" asks without one.
  bool trusts_any_certificate = false;  // Of this machine's own agent, whose certificate names the address that others know.
};

// One GET, waited for on this thread.
Result<Answer> get(const pipeline::HttpUrl& url, const Target& target, int64_t timeout_ms) {
  SystemClock clock;
  MemoryLedger ledger;
  net::LoopGroup loops(clock, 1);
  std::unique_ptr<net::Resolver> resolver = net::Resolver::create(loops);
  loops.start();
  pipeline::HttpClientConfig config;
  config.tls.settings.insecure_skip_verify = target.trusts_any_certificate;
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
    if (!target.token.empty()) request.headers.add("authorization", "Bearer " + target.token);
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

// Where a vigia of this machine answers, the likeliest first: the health_check extension, and the health page of an agent, by the same
// variables and file that the agent reads itself. What is wrong with them is its own matter.
std::vector<Target> usual_targets(const config::EnvironmentReader& environment, FileSystem& files) {
  config::Diagnostics diagnostics;
  Result<Arguments> none = Arguments::parse(agent_flags(), {});
  AgentSettings settings = read_agent_settings(*none, environment, "localhost", files, diagnostics);
  const AgentSettings::HealthCheck& page = settings.health_check;
  bool is_anywhere = page.host.empty() || page.host == "0.0.0.0" || page.host == "::";
  std::string address = endpoint_text(is_anywhere ? "127.0.0.1" : page.host, page.port);
  Target agent{(page.cert_file.empty() ? "http://" : "https://") + address + "/health", page.token, true};
  Target collector{"http://127.0.0.1:13133/health", "", false};
  // What only an agent is told. In a container another collector may answer on the host's 13133.
  bool is_agent = agent.endpoint != "http://127.0.0.1:8080/health" || !agent.token.empty() || environment("HEALTH_CHECK_PORT") ||
                  !settings.customer.id.empty() || files.exists(std::string(default_agent_file));
  if (is_agent) return {agent, collector};
  return {collector, agent};
}

Result<pipeline::HttpUrl> health_url(std::string endpoint) {
  if (endpoint.find("://") == std::string::npos) endpoint = "http://" + endpoint;
  ASSIGN_OR_RETURN(pipeline::HttpUrl url, pipeline::HttpUrl::parse(endpoint));
  if (url.path.empty()) url.path = "/health";
  return url;
}

}  // namespace

std::vector<std::string> usual_health_endpoints(const config::EnvironmentReader& environment, FileSystem& files) {
  std::vector<std::string> endpoints;
  for (const Target& target : usual_targets(environment, files)) endpoints.push_back(target.endpoint);
  return endpoints;
}

int health_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse({{"endpoint", "URL"}, {"token", "TOKEN"}, {"timeout", "DURATION"}}, words);
  if (!arguments.is_ok()) return fail_with_usage(console, "health", arguments.status().message());
  if (!arguments->positional().empty())
    return fail_with_usage(console, "health", "unexpected argument: " + arguments->positional().front());
  std::string timeout = arguments->value("timeout", "5s");
  std::optional<int64_t> timeout_ns = parse_duration_ns(timeout);
  if (!timeout_ns || *timeout_ns <= 0)
    return fail_with_usage(console, "health", "--timeout: expected a duration such as 5s, found \"" + timeout + "\"");
  std::vector<Target> targets;
  if (arguments->has("endpoint")) targets = {{arguments->value("endpoint"), arguments->value("token"), false}};
  SystemFiles files;
  if (targets.empty()) targets = usual_targets(environment_variable, files);
  std::string failures;
  for (const Target& target : targets) {
    auto url = health_url(target.endpoint);
    if (!url.is_ok()) return fail_with_usage(console, "health", "--endpoint: " + url.status().message());
    auto answer = get(*url, target, std::max<int64_t>(*timeout_ns / 1'000'000, 1));
    if (answer.is_ok()) {
      console.out << answer->body << std::endl;
      return answer->status >= 200 && answer->status < 300 ? 0 : 1;
    }
    failures += (failures.empty() ? "cannot ask " : "; nor ") + target.endpoint + ": " + answer.status().message();
  }
  return fail(console, failures);
}

}  // namespace vigia::app
