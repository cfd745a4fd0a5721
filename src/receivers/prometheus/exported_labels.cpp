#include "receivers/prometheus/exported_labels.h"

#include <string>
#include <vector>

#include "otlp/customer_attribute.h"

namespace vigia::receivers {

void keep_exported(const prometheus::Label& label, prometheus::LabelList& labels) {
  std::string name = "exported_" + label.name;
  while (labels.has(name)) name.insert(0, "exported_");
  labels.set(name, label.value);
}

void set_customers_aside(std::string_view customer, prometheus::LabelList& labels) {
  if (customer.empty()) return;
  std::vector<prometheus::Label> others;
  labels.remove_if([&](const prometheus::Label& label) {
    if (!otlp::is_customer_attribute(label.name)) return false;
    if (label.value != customer) others.push_back(label);
    return true;
  });
  for (const prometheus::Label& label : others) keep_exported(label, labels);
}

}  // namespace vigia::receivers
