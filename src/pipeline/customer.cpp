#include "pipeline/customer.h"

#include "base/ids.h"
#include "otlp/attribute_write.h"
#include "otlp/customer_attribute.h"

namespace vigia::pipeline {

void decode_customer(config::Section& section, std::string& customer) {
  section.field("customer", customer);
  section.require(customer.empty() || is_id(customer), "customer", "expected " + std::string(id_rule) + ", such as cliente-a or a UUID");
}

std::shared_ptr<const Client> client_of(const std::string& customer, const std::string& peer_address) {
  if (customer.empty() && peer_address.empty()) return nullptr;
  return std::make_shared<const Client>(Client{peer_address, {}, customer});
}

std::string customer_resource(const std::string& customer) {
  std::string resource;
  if (!customer.empty()) otlp::append_attribute(resource, 1, otlp::customer_attribute, customer);
  return resource;
}

}  // namespace vigia::pipeline
