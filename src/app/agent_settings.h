#pragma once

// What `vigia agent` is told: by flags, by the environment, by agent-config.yaml, in this order of precedence, and by defaults below all.
//
// All sources become one tree of the file's shape, in which every value knows where it came from, so that a mistake names the variable, the
// flag or the line of the file.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "base/file.h"
#include "base/log.h"
#include "config/diagnostics.h"
#include "config/substitute.h"

namespace vigia::app {

enum class AgentProtocol : uint8_t { grpc, http };

struct AgentSettings {
  // Where to send, and how to speak to whoever is there.
  struct Destination {
    std::string endpoint;  // As it was written: a URL or "host:port".
    std::optional<AgentProtocol> said_protocol;
    bool insecure = false;
    std::string ca_file, cert_file, key_file;
    std::string compression = "gzip";
    std::map<std::string, std::string> headers;
    int64_t timeout_ms = 10'000;

    // The protocol that was asked for, else the one that the port stands for.
    AgentProtocol protocol() const;
    // Whether the connection goes without TLS: the scheme says, else `insecure`.
    bool is_plain() const;
    bool operator==(const Destination&) const = default;
  };
  struct Collector : Destination {
    // Signals of which something was said for them alone, by "traces", "metrics", "logs": with what holds for all where nothing was.
    std::map<std::string, Destination, std::less<>> signals;
    bool retries = true;
    int64_t initial_interval_ms = 1'000;
    int64_t max_interval_ms = 30'000;
    int64_t max_elapsed_time_ms = 300'000;

    const Destination& of(std::string_view signal) const;
    // OTLP over HTTP takes an endpoint of a signal's own as it is, without a path of ours.
    bool has_own_endpoint(std::string_view signal) const { return of(signal).endpoint != endpoint; }
  };
  struct Customer {
    std::string id, name, workspace_id;
  };
  struct Node {
    std::string id, region, environment = "production";
    std::string host_name, host_ip;
    std::string found_ip;   // For host.ip where no address was told. The registry sees for itself where an agent comes from.
    std::string host_root;  // Where the host's "/" is mounted, in a container.
  };
  struct Telemetry {
    bool metrics = true;
    int64_t metrics_interval_ms = 15'000;
    bool all_host_metrics = false;            // Also those whose Prometheus names collide with the agent's short ones.
    std::vector<std::string> scrape_targets;  // "host:port" of Prometheus pages.
    bool traces = true;
    double sample_rate = 1;
    bool logs = true;
    LogLevel log_level = LogLevel::info;
    std::vector<std::string> log_files;  // Patterns of files whose lines are sent.
    std::string service_name = "vigia-agent";
    std::map<std::string, std::string> resource_attributes;
  };
  struct Buffer {
    uint64_t max_size = 2'048;
    uint64_t batch_size = 512;
    int64_t flush_interval_ms = 5'000;
  };
  struct HealthCheck {
    std::string host = "0.0.0.0";
    uint16_t port = 8'080;
    std::string path = "/health";
    std::string token;
    std::string cert_file, key_file;
  };
  struct Receiver {
    bool is_enabled = true;
    std::string host = "127.0.0.1";
    uint16_t grpc_port = 4'317;
    uint16_t http_port = 4'318;
  };
  struct Registration {
    bool is_enabled = true;
    std::string endpoint;    // "": the collector's host, port 8080.
    bool is_scraped = true;  // False where Prometheus cannot reach the pages: behind a NAT.
    int64_t heartbeat_interval_ms = 60'000;
  };

  Collector collector;
  Customer customer;
  Node node;
  Telemetry telemetry;
  Buffer buffer;
  HealthCheck health_check;
  Receiver receiver;
  Registration registration;
  std::string data_dir;  // "": not said.

  // Host and port of the collector, "collector:4317".
  std::string address() const;
};

// The flags that say a setting, for the command line: "--customer-id ID" and others.
std::vector<Flag> agent_flags();
// The variables that are read, with what they say and their defaults, for help and documentation.
struct AgentVariable {
  std::string_view name;
  std::string_view key;  // Of agent-config.yaml.
};
std::vector<AgentVariable> agent_variables();

// Where the file is looked for when none is named; it may be missing there.
constexpr std::string_view default_agent_file = "/etc/vigia/agent-config.yaml";

// Reads the sources. Mistakes go to the diagnostics; with any of them the settings are not to be used. Nothing is required here.
AgentSettings read_agent_settings(const Arguments& arguments, const config::EnvironmentReader& environment, const std::string& host_name,
                                  FileSystem& files, config::Diagnostics& diagnostics);

}  // namespace vigia::app
