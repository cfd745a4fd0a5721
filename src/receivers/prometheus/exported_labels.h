#pragma once

// Labels of a target's text that give way to what the configuration says.

#include <string_view>

#include "prometheus/labels.h"

namespace vigia::receivers {

// Keeps the label under the name that Prometheus gives to such: `exported_` in front, as often as it takes.
void keep_exported(const prometheus::Label& label, prometheus::LabelList& labels);

// Whose the points are says their resource when the configuration names a customer. Labels that name the same one say nothing more, and go; those
// that name others stay as exported ones. Without a customer nothing changes.
void set_customers_aside(std::string_view customer, prometheus::LabelList& labels);

}  // namespace vigia::receivers
