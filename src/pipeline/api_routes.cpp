#include "pipeline/api_routes.h"

#include <algorithm>

namespace vigia::pipeline {

namespace {

bool lies_at(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

Status ApiRoutes::add(std::string prefix, net::HttpService& service) {
  return routes_.with([&](std::vector<Route>& routes) -> Status {
    for (const Route& route : routes)
      if (route.prefix == prefix)
        return {StatusCode::already_exists, "cannot serve " + prefix + " on the API port: another extension does"};
    routes.push_back({std::move(prefix), &service});
    return {};
  });
}

void ApiRoutes::remove(net::HttpService& service) {
  routes_.with([&](std::vector<Route>& routes) { std::erase_if(routes, [&](const Route& route) { return route.service == &service; }); });
}

net::HttpService* ApiRoutes::find(std::string_view path) const {
  return routes_.with([&](const std::vector<Route>& routes) {
    const Route* best = nullptr;
    for (const Route& route : routes)
      if (lies_at(path, route.prefix) && (!best || route.prefix.size() > best->prefix.size())) best = &route;
    return best ? best->service : nullptr;
  });
}

std::vector<std::string> ApiRoutes::prefixes() const {
  return routes_.with([](const std::vector<Route>& routes) {
    std::vector<std::string> prefixes;
    for (const Route& route : routes) prefixes.push_back(route.prefix);
    std::sort(prefixes.begin(), prefixes.end());
    return prefixes;
  });
}

}  // namespace vigia::pipeline
