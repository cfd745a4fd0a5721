#include "otlp/count.h"

#include "otlp/metric_view.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

size_t count_points(std::string_view scope_group) {
  size_t count = 0;
  for (std::string_view metric : RepeatedMessages(scope_group, 2)) count += MetricView(metric).points().count();
  return count;
}

}  // namespace

size_t count_items(Signal signal, std::string_view request) {
  size_t count = 0;
  for (std::string_view group : resource_groups(request)) {
    for (std::string_view scope_group : RepeatedMessages(group, 2)) {
      count += signal == Signal::metrics ? count_points(scope_group) : RepeatedMessages(scope_group, 2).count();
    }
  }
  return count;
}

}  // namespace vigia::otlp
