#pragma once

// Which ports the program listens on, for whoever started it with port 0.

#include <map>
#include <string>

#include "base/file.h"

namespace vigia::app {

struct BoundPorts {
  // 0: not served.
  int http = 0;
  int metrics = 0;
  // By the names components report: "otlp/grpc", "health_check".
  std::map<std::string, int> components;
};

// {"http": …, "otlp_grpc": …, "otlp_http": …, "metrics": …, "components": {…}}; what is not served is left out.
std::string ports_json(const BoundPorts& ports);

// Written as a whole, so that a reader never sees half of it.
Status write_ports_file(const std::string& path, const BoundPorts& ports, FileSystem& files);

}  // namespace vigia::app
