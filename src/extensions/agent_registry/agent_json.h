#pragma once

// Agents as the API speaks of them: document and answer of a registration, lists, and targets for Prometheus (http_sd).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenancy/agents.h"

namespace vigia::extensions {

// Who asks, by the request's head.
struct Caller {
  tenancy::CustomerSet customers;
  std::string workspace_id;
  std::string ip_address;  // as we see it; perhaps that of a proxy
};

struct Registration {
  tenancy::Agent agent;
  // What is odd about it and no reason to refuse it.
  std::vector<std::string> warnings;
};

// The body of a registration; fields that are not known are passed over. INVALID_ARGUMENT names the field, PERMISSION_DENIED means that
// the document speaks of a customer who is not the caller.
Result<Registration> read_registration(std::string_view body, const Caller& caller);

// One JSON object. Last seen before `offline_before_ms` means offline. The warnings stand in it when there are any.
void append_agent(std::string& out, const tenancy::SeenAgent& seen, int64_t offline_before_ms,
                  const std::vector<std::string>& warnings = {});

// The job under which Prometheus scrapes the agent: "customer-agents", "otel-collector", "tfo-otel-agent".
std::string_view job_of(const tenancy::Agent& agent);
struct ScrapeTarget {
  std::string address;  // "" is none.
  std::string scheme;
  std::string path;
  std::string customer;  // A parameter of the path; "" is none.
};
// Where it is scraped; no address when it cannot be. `default_port` is for those that only say that they can.
ScrapeTarget scrape_target(const tenancy::Agent& agent, uint16_t default_port);
// Where the registry says whether its heartbeats come. `host` is the registry's own address.
ScrapeTarget heartbeat_target(const tenancy::Agent& agent, std::string_view host, bool is_tls);
// One target group of http_sd.
void append_target(std::string& out, const tenancy::SeenAgent& seen, const ScrapeTarget& target, int64_t offline_before_ms);

}  // namespace vigia::extensions
