#include "processors/resourcedetection/system_facts.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/text.h"
#include "net/interfaces.h"

namespace vigia::processors {

namespace {

constexpr size_t most_file_bytes = 1 << 20;

// As the semantic conventions name it, and as uname does.
#if defined(__x86_64__)
constexpr std::string_view architecture = "amd64", machine = "x86_64";
#elif defined(__aarch64__)
constexpr std::string_view architecture = "arm64", machine = "aarch64";
#else
constexpr std::string_view architecture = "", machine = "";
#endif

std::string read_line(FileSystem& files, const std::string& path) {
  Result<std::string> text = files.read_small_file(path, most_file_bytes);
  return text.is_ok() ? std::string(trim(*text)) : std::string();
}

// os-release: KEY=value or KEY="value", one a line.
std::map<std::string, std::string> read_os_release(FileSystem& files) {
  std::string text = read_line(files, "/etc/os-release");
  if (text.empty()) text = read_line(files, "/usr/lib/os-release");
  std::map<std::string, std::string> values;
  for (std::string_view line : split(text, '\n')) {
    size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    std::string_view value = trim(line.substr(equals + 1));
    bool is_quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (is_quoted) value = value.substr(1, value.size() - 2);
    values.emplace(trim(line.substr(0, equals)), value);
  }
  return values;
}

void add_system(FileSystem& files, const std::string& hostname, FoundAttributes& out) {
  out.add("os.type", "linux");
  out.add("host.arch", architecture);
  std::string id = read_line(files, "/etc/machine-id");
  out.add("host.id", id.empty() ? read_line(files, "/var/lib/dbus/machine-id") : id);
  std::map<std::string, std::string> release = read_os_release(files);
  std::string kernel = fmt::format("{} {} {} {} {}", read_line(files, "/proc/sys/kernel/ostype"), hostname,
                                   read_line(files, "/proc/sys/kernel/osrelease"), read_line(files, "/proc/sys/kernel/version"), machine);
  out.add("os.description", release["PRETTY_NAME"].empty() ? kernel : fmt::format("{} ({})", release["PRETTY_NAME"], kernel));
  out.add("os.name", release["ID"]);
  out.add("os.version", release["VERSION_ID"]);
  out.add("os.build.id", release["BUILD_ID"]);
}

// Of the first processor; all are alike but for rare machines.
void add_processor(FileSystem& files, FoundAttributes& out) {
  std::string text = read_line(files, "/proc/cpuinfo");
  static constexpr std::pair<std::string_view, std::string_view> names[] = {{"vendor_id", "host.cpu.vendor.id"},
                                                                            {"cpu family", "host.cpu.family"},
                                                                            {"model", "host.cpu.model.id"},
                                                                            {"model name", "host.cpu.model.name"},
                                                                            {"stepping", "host.cpu.stepping"}};
  for (std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) break;
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view key = trim(line.substr(0, colon));
    std::string_view value = trim(line.substr(colon + 1));
    for (const auto& [in_file, attribute] : names)
      if (key == in_file) out.add(attribute, value);
    if (key != "cache size") continue;
    if (std::optional<int64_t> size = parse_int(value.substr(0, value.find(' ')))) out.add_int("host.cpu.cache.l2.size", *size);
  }
}

// "AC-DE-48-00-11-22", as IEEE writes it.
std::string mac_text(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) text += (text.empty() ? "" : "-") + to_hex({&byte, 1});
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void add_network(FoundAttributes& out) {
  auto interfaces = net::network_interfaces();
  if (!interfaces.is_ok()) return;
  std::vector<std::string> addresses, macs, names;
  for (const net::NetworkInterface& one : *interfaces) {
    if (!one.is_up || one.is_loopback) continue;
    names.push_back(one.name);
    if (!one.mac.empty()) macs.push_back(mac_text(one.mac));
    addresses.insert(addresses.end(), one.addresses.begin(), one.addresses.end());
  }
  out.add_list("host.ip", addresses);
  out.add_list("host.mac", macs);
  out.add_list("host.interface", names);
}

}  // namespace

SystemFacts read_system_facts(FileSystem& files) {
  SystemFacts facts;
  facts.hostname = read_line(files, "/proc/sys/kernel/hostname");
  add_system(files, facts.hostname, facts.attributes);
  add_processor(files, facts.attributes);
  add_network(facts.attributes);
  return facts;
}

}  // namespace vigia::processors
