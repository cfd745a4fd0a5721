#pragma once

// How extensions add paths to the program's API port.
//
// An extension adds its service when it starts and removes it when it begins to stop. A request is handed to the service on its
// connection's loop, within one task; so a service that was removed is called no more once every loop has finished a task, which is
// before its component is destroyed. What it answers later it answers through its responder, and it waits for that before it calls
// itself stopped.

#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/status.h"
#include "net/http.h"

namespace vigia::pipeline {

class ApiRoutes {
 public:
  // All paths at and below `prefix` ("/api/v1/agents"), but for those of a longer prefix. ALREADY_EXISTS when somebody has it.
  Status add(std::string prefix, net::HttpService& service);
  // All of the service's paths.
  void remove(net::HttpService& service);
  // Whose the path is, or nullptr. Any thread, like the rest.
  net::HttpService* find(std::string_view path) const;
  // Sorted, for those who look around.
  std::vector<std::string> prefixes() const;

 private:
  struct Route {
    std::string prefix;
    net::HttpService* service;
  };
  Guarded<std::vector<Route>> routes_;
};

}  // namespace vigia::pipeline
