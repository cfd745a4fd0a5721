// `router` sends each entry to the outputs of the first route whose condition holds. An entry without a route is dropped.

#include <fmt/format.h>

#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

// "text EXPR(…) text": what it gives is a text.
class Template {
 public:
  static std::optional<Template> decode(config::Section& section, std::string_view text);
  std::optional<Value> render(Entry& entry, Work& work) const;

 private:
  // One more than there are expressions.
  std::vector<std::string> texts_;
  std::vector<Expression> expressions_;
};

std::optional<Template> Template::decode(config::Section& section, std::string_view text) {
  constexpr std::string_view opening = "EXPR(";
  Template result;
  while (true) {
    size_t begin = text.find(opening);
    if (begin == std::string_view::npos) break;
    // The expression reaches to the last parenthesis before the next one begins.
    size_t next = std::min(text.find(opening, begin + opening.size()), text.size());
    size_t end = text.rfind(')', next - 1);
    if (end == std::string_view::npos || end < begin) break;
    size_t expression_begin = begin + opening.size();
    std::optional<Expression> expression = decode_expression(section, "", text.substr(expression_begin, end - expression_begin), false);
    if (!expression) return std::nullopt;
    result.texts_.emplace_back(text.substr(0, begin));
    result.expressions_.push_back(std::move(*expression));
    text.remove_prefix(end + 1);
  }
  result.texts_.emplace_back(text);
  return result;
}

std::optional<Value> Template::render(Entry& entry, Work& work) const {
  if (expressions_.empty()) return Value::of_text(texts_[0]);
  std::string result;
  for (size_t i = 0; i < expressions_.size(); i++) {
    std::optional<Value> value = expressions_[i].evaluate(entry, work.tools, work.problem);
    if (!value) return std::nullopt;
    if (!value->is_text()) {
      work.fail("EXPR() must give a text here, not", type_name(value->type));
      return std::nullopt;
    }
    result.append(texts_[i]).append(value->text());
  }
  return Value::of_text(work.arena.copy(result.append(texts_.back())));
}

struct Route {
  std::optional<Expression> condition;  // none: always
  std::vector<std::pair<std::string, Template>> attributes;
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
    std::optional<Template> parsed = Template::decode(value, given);
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
