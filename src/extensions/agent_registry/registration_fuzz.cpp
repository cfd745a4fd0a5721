// Registrations as strangers send them: whatever comes is refused with a reason or gives an agent that may be stored and shown.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "extensions/agent_registry/agent_json.h"
#include "otlp/json_value.h"

using namespace vigia;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view body(reinterpret_cast<const char*>(data), size);
  extensions::Caller caller;
  caller.ip_address = "10.0.0.1";
  Result<extensions::Registration> registration = extensions::read_registration(body, caller);
  if (!registration.is_ok()) {
    CHECK(!registration.status().message().empty());
    return 0;
  }
  CHECK(tenancy::check_agent(registration->agent).is_ok());
  tenancy::SeenAgent seen{std::make_shared<const tenancy::Agent>(registration->agent), 0};
  std::string shown;
  extensions::append_agent(shown, seen, 0, registration->warnings);
  Result<otlp::JsonValue> again = otlp::parse_json(shown);
  CHECK(again.is_ok());
  CHECK(again->find("agent_id")->string == registration->agent.key.agent_id);
  std::string target = extensions::scrape_target(registration->agent, 80);
  if (target.empty()) return 0;
  std::string group;
  extensions::append_target(group, seen, target, 0);
  CHECK(otlp::parse_json(group).is_ok());
  return 0;
}
