#include "pipeline/page_service.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace vigia::pipeline {

net::BodyPlan PageService::plan(const net::RequestHead&) {
  net::BodyPlan plan;
  plan.max_size_bytes = 16 * 1024;
  return plan;
}

net::Response PageService::refusal(const net::RequestHead&, int http_status, std::string_view reason) {
  return plain_page(http_status, std::string(reason) + "\n");
}

std::string_view query_value(std::string_view query, std::string_view name) {
  for (std::string_view part : split(query, '&')) {
    size_t equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) == name) return part.substr(std::min(equals + 1, part.size()));
  }
  return {};
}

}  // namespace vigia::pipeline
