#include "receivers/prometheus/target.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "net/socket.h"
#include "prometheus/duration.h"

namespace vigia::receivers {

namespace {

using prometheus::Label;
using prometheus::LabelList;

constexpr std::string_view address_label = "__address__";
constexpr std::string_view scheme_label = "__scheme__";
constexpr std::string_view path_label = "__metrics_path__";
constexpr std::string_view interval_label = "__scrape_interval__";
constexpr std::string_view timeout_label = "__scrape_timeout__";
constexpr std::string_view param_prefix = "__param_";

void set_if_missing(LabelList& labels, std::string_view name, std::string_view value) {
  if (!labels.has(name)) labels.set(name, value);
}

LabelList discovered_labels(const ScrapeJob& job, const std::string& address, const LabelList& group_labels) {
  LabelList labels = group_labels;
  labels.set(address_label, address);
  set_if_missing(labels, prometheus::job_label, job.name);
  set_if_missing(labels, interval_label, prometheus::format_duration(job.interval_ms));
  set_if_missing(labels, timeout_label, prometheus::format_duration(job.timeout_ms));
  set_if_missing(labels, path_label, job.metrics_path);
  set_if_missing(labels, scheme_label, job.scheme);
  for (const auto& [name, values] : job.params)
    if (!values.empty()) set_if_missing(labels, std::string(param_prefix) + name, values.front());
  return labels;
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
}

// The path with the parameters of the job, whose first values the labels may have changed.
std::string path_of(const ScrapeJob& job, const LabelList& labels) {
  auto params = job.params;
  for (const Label& label : labels) {
    if (!label.name.starts_with(param_prefix)) continue;
    std::string name = label.name.substr(param_prefix.size());
    auto found = std::find_if(params.begin(), params.end(), [&](const auto& param) { return param.first == name; });
    if (found == params.end())
      params.push_back({name, {label.value}});
    else if (found->second.empty())
      found->second.push_back(label.value);
    else
      found->second.front() = label.value;
  }
  std::sort(params.begin(), params.end());
  std::string path(labels.get(path_label));
  if (!path.starts_with('/')) path.insert(0, "/");
  for (char& c : path)
    if (c == ' ' || c == '\r' || c == '\n') c = '_';
  char separator = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, values] : params)
    for (const std::string& value : values) {
      path += std::exchange(separator, '&');
      append_escaped(path, name);
      path += '=';
      append_escaped(path, value);
    }
  return path;
}

Status set_times(const LabelList& labels, Target& target) {
  auto read = [&](std::string_view name, int64_t& out_ms) -> Status {
    std::optional<int64_t> ms = prometheus::parse_duration_ms(labels.get(name));
    if (!ms || *ms <= 0) return invalid_argument(fmt::format("{} is \"{}\", no duration above 0", name, labels.get(name)));
    out_ms = *ms;
    return {};
  };
  RETURN_IF_ERROR(read(interval_label, target.interval_ms));
  RETURN_IF_ERROR(read(timeout_label, target.timeout_ms));
  if (target.timeout_ms > target.interval_ms) return invalid_argument("the scrape timeout is longer than the interval");
  return {};
}

// "host:port"; the port may be left out, as in a URL.
Status set_address(std::string_view address, Target& target) {
  if (address.empty()) return invalid_argument("the target has no address");
  if (address.find('/') != std::string_view::npos) return invalid_argument(fmt::format("\"{}\" is no address: it has a path", address));
  int default_port = target.scheme == "https" ? 443 : 80;
  size_t colon = address.rfind(':');
  bool has_port = colon != std::string_view::npos && address.find(']', colon) == std::string_view::npos;
  std::string whole = has_port ? std::string(address) : fmt::format("{}:{}", address, default_port);
  ASSIGN_OR_RETURN(net::HostPort parsed, net::parse_host_port(whole));
  if (parsed.host.empty()) parsed.host = "localhost";
  target.host = parsed.host;
  target.port = parsed.port;
  return {};
}

}  // namespace

std::string Target::url() const { return fmt::format("{}://{}{}", scheme, net::HostPort{host, port}.to_string(), path); }

uint64_t Target::key() const {
  std::string text = url();
  for (const Label& label : labels) text += fmt::format("\n{}\t{}", label.name, label.value);
  text += fmt::format("\n{} {}", interval_ms, timeout_ms);
  return hash64(text);
}

Result<std::optional<Target>> make_target(const ScrapeJob& job, const std::string& address, const LabelList& group_labels) {
  LabelList labels = discovered_labels(job, address, group_labels);
  if (!prometheus::apply_rules(job.relabel_rules, labels)) return std::optional<Target>();
  Target target;
  target.scheme = labels.get(scheme_label);
  if (target.scheme != "http" && target.scheme != "https") return invalid_argument(fmt::format("there is no scheme \"{}\"", target.scheme));
  RETURN_IF_ERROR(set_address(labels.get(address_label), target));
  RETURN_IF_ERROR(set_times(labels, target));
  target.path = path_of(job, labels);
  set_if_missing(labels, prometheus::instance_label, std::string(labels.get(address_label)));
  for (const Label& label : labels)
    if (!label.name.starts_with("__")) target.labels.set(repair_utf8(label.name), repair_utf8(label.value));
  target.labels.sort();
  return std::optional<Target>(std::move(target));
}

}  // namespace vigia::receivers
