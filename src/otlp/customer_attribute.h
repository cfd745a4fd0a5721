#pragma once

// The attribute of a resource that says whose its data is.

#include <string_view>

namespace vigia::otlp {

constexpr std::string_view customer_attribute = "customer.id";
// As it is spelled where dots cannot stand: as a label, or by those who write it so everywhere. It is the same attribute.
constexpr std::string_view customer_label = "customer_id";

constexpr bool is_customer_attribute(std::string_view key) { return key == customer_attribute || key == customer_label; }

}  // namespace vigia::otlp
