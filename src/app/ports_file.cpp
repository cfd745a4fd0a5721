#include "app/ports_file.h"

#include <fmt/core.h>

#include "base/log.h"

namespace vigia::app {

namespace {

// The port of the otlp receiver's protocol: the plain receiver's, else the first named one's.
int otlp_port(const BoundPorts& ports, const std::string& protocol) {
  auto plain = ports.components.find("otlp/" + protocol);
  if (plain != ports.components.end()) return plain->second;
  for (const auto& [name, port] : ports.components) {
    bool ends = name.size() > protocol.size() && name.compare(name.size() - protocol.size() - 1, std::string::npos, "/" + protocol) == 0;
    if (ends && name.compare(0, 5, "otlp/") == 0) return port;
  }
  return 0;
}

void append(std::string& out, std::string_view name, int port) {
  if (port == 0) return;
  if (out.back() != '{') out += ", ";
  out += '"';
  append_json_escaped(out, name);
  out += fmt::format("\": {}", port);
}

}  // namespace

std::string ports_json(const BoundPorts& ports) {
  std::string out = "{";
  append(out, "http", ports.http);
  append(out, "otlp_grpc", otlp_port(ports, "grpc"));
  append(out, "otlp_http", otlp_port(ports, "http"));
  append(out, "metrics", ports.metrics);
  out += out.back() == '{' ? "\"components\": {" : ", \"components\": {";
  for (const auto& [name, port] : ports.components) append(out, name, port);
  return out + "}}\n";
}

Status write_ports_file(const std::string& path, const BoundPorts& ports, FileSystem& files) {
  return files.write_file_atomically(path, ports_json(ports));
}

}  // namespace vigia::app
