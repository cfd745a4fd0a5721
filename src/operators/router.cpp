// `router` sends each entry to the outputs of the first route whose condition holds. An entry without a route is dropped.

#include "operators/expression_text.h"
#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

struct Route {
  std::optional<Expression> condition;  // none: always
  std::vector<std::pair<std::string, ExpressionText>> attributes;
  std::vector<OutputReference> references;
  Outputs outputs;
};

class Router final : public Operation {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  std::vector<size_t> resolve_outputs(const FindPlaces& find) override {
    std::vector<size_t> all;
    for (Route& route : routes_) {
      route.outputs = find(route.references);
      all.insert(all.end(), route.outputs.begin(), route.outputs.end());
    }
    return all;
  }

  Outcome apply(Entry& entry, Work& work) const override {
    bool has_failed = false;
    for (const Route& route : routes_) {
      std::optional<bool> is_hit = route.condition ? route.condition->test(entry, work.tools, work.problem) : true;
      has_failed |= !is_hit.has_value();
      if (!is_hit.value_or(false)) continue;
      for (const auto& [key, text] : route.attributes) {
        std::optional<Value> value = text.render(entry, work);
        if (!value) return Outcome::failed;
        entry.attributes(work.arena).set(work.arena, key, *value);
      }
      work.outputs = &route.outputs;
      return Outcome::passed;
    }
    return has_failed ? Outcome::failed : Outcome::dropped;
  }

 private:
  std::vector<Route> routes_;
};

Route decode_route(config::Section& section) {
  Route route;
  std::string text;
  section.field("expr", text);
  if (section.require(!text.empty(), "expr", "missing: the condition of this route"))
    route.condition = decode_expression(section, "expr", text, true);
  route.references = decode_outputs(section, "output");
  section.require(!route.references.empty(), "output", "missing: the id of the operator that this route leads to");
  section.each("attributes", [&](const std::string& key, config::Section& value) {
    std::string given;
    if (!value.as_string(given)) return;
    std::optional<ExpressionText> parsed = ExpressionText::decode(value, given);
    if (parsed) route.attributes.emplace_back(key, std::move(*parsed));
  });
  return route;
}

}  // namespace

OperationPointer decode_router(config::Section& section, Decoding&) {
  std::vector<Route> routes;
  section.list("routes", [&](config::Section& item) { routes.push_back(decode_route(item)); });
  section.require(!routes.empty(), "routes", "missing: a list of conditions (expr) and where they lead (output)");
  Route otherwise;
  otherwise.references = decode_outputs(section, "default");
  if (!otherwise.references.empty()) routes.push_back(std::move(otherwise));
  return std::make_unique<Router>(std::move(routes));
}

}  // namespace vigia::operators
