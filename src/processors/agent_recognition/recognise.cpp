#include "processors/agent_recognition/recognise.h"

#include <algorithm>

#include "otlp/log_view.h"
#include "otlp/metric_view.h"
#include "otlp/span_view.h"
#include "otlp/view.h"

namespace vigia::processors {

using otlp::Attributes;
using pipeline::RecognisedAgent;

namespace {

// More than anybody says about a machine.
constexpr size_t most_attributes = 32;
constexpr size_t most_text_bytes = 255;

// Texts of attributes that matter, by key.
struct Rule {
  std::string_view key;
  std::string RecognisedAgent::*field;
  bool shows_an_agent;
};
// What stands first goes before what says the same further down.
constexpr Rule rules[] = {
    {"agent.id", &RecognisedAgent::agent_id, true},
    {"telemetryflow.agent.id", &RecognisedAgent::agent_id, true},
    {"agent.type", &RecognisedAgent::type, true},
    {"agent.version", &RecognisedAgent::version, true},
    {"telemetryflow.workspace.id", &RecognisedAgent::workspace_id, true},
    {"host.name", &RecognisedAgent::hostname, false},
    {"node.id", &RecognisedAgent::node_id, false},
    {"k8s.node.name", &RecognisedAgent::node_id, false},
};

bool describes_the_machine(std::string_view key) {
  return key.starts_with("host.") || key.starts_with("os.") || key.starts_with("k8s.node.");
}

// The attributes of the first item of the group, where document 3's configuration puts what the agent says about itself.
Attributes first_item_attributes(otlp::Signal signal, std::string_view item) {
  if (signal == otlp::Signal::traces) return otlp::SpanView(item).attributes();
  if (signal == otlp::Signal::logs) return otlp::LogRecordView(item).attributes();
  otlp::MetricView metric(item);
  for (std::string_view point : metric.points()) return {point, otlp::point_attributes_number(metric.kind())};
  return {{}, 1};
}

std::string_view first_item(const otlp::ResourceGroup& group) {
  for (std::string_view scope : group.scope_groups())
    for (std::string_view item : otlp::ScopeGroup(scope).items()) return item;
  return {};
}

// Fills what is still empty, and says whether anything showed an agent.
bool read(const Attributes& attributes, RecognisedAgent& agent) {
  bool is_agent = false;
  for (const otlp::AttributeView& attribute : attributes) is_agent = is_agent || attribute.key.starts_with("telemetryflow.");
  for (const Rule& rule : rules) {
    std::optional<otlp::ValueView> value = attributes.find(rule.key);
    std::string_view text = value ? value->string() : std::string_view();
    if (text.empty() || text.size() > most_text_bytes) continue;
    is_agent = is_agent || rule.shows_an_agent;
    if ((agent.*rule.field).empty()) agent.*rule.field = text;
  }
  return is_agent;
}

void keep_machine_attributes(const Attributes& attributes, RecognisedAgent& agent) {
  for (const otlp::AttributeView& attribute : attributes) {
    if (agent.resource_attributes.size() >= most_attributes) return;
    std::string_view text = attribute.value().string();
    if (!text.empty() && text.size() <= most_text_bytes && describes_the_machine(attribute.key))
      agent.resource_attributes.emplace_back(attribute.key, text);
  }
}

}  // namespace

std::string peer_ip(std::string_view peer_address) {
  size_t colon = peer_address.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = peer_address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

SenderNames sender_names(const pipeline::Client& client) {
  SenderNames names{client.customer, {}};
  for (const auto& [name, value] : client.metadata) {
    if (name == "x-tenant-id" && names.customer.empty()) names.customer = value;
    if (name == "x-workspace-id" && names.workspace_id.empty()) names.workspace_id = value;
  }
  return names;
}

std::optional<RecognisedAgent> recognise(const pipeline::Batch& batch) {
  if (!batch.client || batch.payload.empty()) return std::nullopt;
  SenderNames names = sender_names(*batch.client);
  if (!names.is_named()) return std::nullopt;
  RecognisedAgent agent;
  agent.workspace_id = names.workspace_id;
  for (std::string_view message : otlp::resource_groups(batch.payload.slices().front().view())) {
    otlp::ResourceGroup group(message);
    bool is_agent = read(group.resource().attributes(), agent);
    if (std::string_view item = first_item(group); !item.empty())
      is_agent = read(first_item_attributes(batch.signal, item), agent) || is_agent;
    if (!is_agent) return std::nullopt;
    keep_machine_attributes(group.resource().attributes(), agent);
    agent.customer = names.customer;
    agent.peer_ip = peer_ip(batch.client->peer_address);
    return agent;
  }
  return std::nullopt;
}

}  // namespace vigia::processors
