#include "extensions/agent_registration/identity.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "base/ids.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace vigia::extensions {

using tenancy::Agent;

namespace {

constexpr size_t most_file_bytes = 64 * 1024;

#if defined(__x86_64__)
constexpr std::string_view architecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view architecture = "arm64";
#else
constexpr std::string_view architecture = "";
#endif

// The file's text without the white space around it; "" when there is none.
std::string read_trimmed(FileSystem& files, const std::string& path) {
  Result<std::string> text = files.read_small_file(path, most_file_bytes);
  return text.is_ok() ? std::string(trim(*text)) : std::string();
}

// "Debian GNU/Linux 12 (bookworm)" of /etc/os-release.
std::string description_of_system(FileSystem& files) {
  std::string text = read_trimmed(files, "/etc/os-release");
  for (std::string_view line : split(text, '\n')) {
    constexpr std::string_view key = "PRETTY_NAME=";
    if (!line.starts_with(key)) continue;
    std::string_view value = trim(line.substr(key.size()));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

// 128 bits as a UUID of version 8: made by a rule of ours.
std::string uuid_of(uint64_t high, uint64_t low) {
  high = (high & ~uint64_t{0xf000}) | 0x8000;
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48,
                     low & 0xffff'ffff'ffff);
}

// The machine's own id is not told to others; it is hashed with what makes machines that were cloned with it, and agents of one machine that
// stand for different nodes, different.
std::string made_up_id(const Agent& agent, FileSystem& files, Random& random) {
  std::string machine = read_trimmed(files, "/etc/machine-id");
  if (machine.empty()) return uuid_of(random.next(), random.next());
  std::vector<std::string_view> parts = {machine, "\n", agent.key.customer, "\n", agent.hostname, "\n", agent.node_id};
  return uuid_of(hash64(parts, 1), hash64(parts, 2));
}

std::string lasting_id(const Agent& agent, const std::string& directory, FileSystem& files, Random& random, const Logger& log) {
  if (directory.empty()) return made_up_id(agent, files, random);
  std::string path = directory + "/agent-id";
  std::string known = read_trimmed(files, path);
  if (is_id(known)) return known;
  if (files.exists(path)) log.warn("The file of this agent's id holds no id; it is written anew", {{"file", path}});
  std::string id = made_up_id(agent, files, random);
  Status kept = files.create_directories(directory);
  if (kept.is_ok()) kept = files.write_file_atomically(path, id + "\n");
  if (!kept.is_ok()) log.warn("cannot keep this agent's id: it may be another one after a restart", {{"file", path}, {"error", kept}});
  return id;
}

void add_attributes(const AgentRegistrationConfig& config, FileSystem& files, Agent& agent) {
  std::map<std::string, std::string> attributes = config.resource_attributes;
  auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) attributes.emplace(name, value);
  };
  add("os.type", "linux");
  add("os.description", description_of_system(files));
  add("host.arch", architecture);
  add("host.name", agent.hostname);
  add("service.name", agent.type);
  add("service.version", agent.version);
  agent.resource_attributes.assign(attributes.begin(), attributes.end());
}

}  // namespace

Agent agent_of_this_machine(const AgentRegistrationConfig& config, const std::string& program_version, FileSystem& files, Random& random,
                            const Logger& log) {
  Agent agent;
  agent.key.customer = config.customer_id.empty() ? std::string(tenancy::default_customer) : config.customer_id;
  agent.workspace_id = config.workspace_id;
  agent.type = config.agent_type;
  agent.version = config.version.empty() ? program_version : config.version;
  agent.hostname = config.hostname.empty() ? read_trimmed(files, "/proc/sys/kernel/hostname") : config.hostname;
  agent.node_id = config.node_id.empty() ? agent.hostname : config.node_id;
  agent.key.agent_id = config.agent_id.empty() ? lasting_id(agent, config.directory, files, random, log) : config.agent_id;
  agent.ip_address = config.ip_address;
  agent.capabilities = config.capabilities;
  agent.metrics_port = config.metrics_port;
  agent.metrics_path = config.metrics_path;
  agent.metrics_scheme = config.metrics_scheme;
  agent.labels.assign(config.labels.begin(), config.labels.end());
  add_attributes(config, files, agent);
  return agent;
}

std::string registration_document(const Agent& agent, bool names_customer) {
  std::string text;
  JsonObjectWriter document(text);
  document.text("agent_id", agent.key.agent_id);
  document.text("agent_type", agent.type);
  document.text("version", agent.version);
  document.text_if_any("hostname", agent.hostname);
  document.text_if_any("node_id", agent.node_id);
  // Without one the registry takes the address that it sees.
  document.text_if_any("ip_address", agent.ip_address);
  if (names_customer) document.text("customer_id", agent.key.customer);
  document.text_if_any("workspace_id", agent.workspace_id);
  if (agent.metrics_port != 0) {
    document.number("metrics_port", agent.metrics_port);
    document.text("metrics_path", agent.metrics_path);
    document.text("metrics_scheme", agent.metrics_scheme);
  }
  document.texts("capabilities", agent.capabilities);
  document.pairs("resource_attributes", agent.resource_attributes);
  if (!agent.labels.empty()) document.pairs("labels", agent.labels);
  document.end();
  return text;
}

}  // namespace vigia::extensions
