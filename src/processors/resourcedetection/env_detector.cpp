#include <fmt/core.h>

#include "base/hash.h"
#include "base/text.h"
#include "processors/resourcedetection/detector.h"

namespace vigia::processors {

namespace {

// "%41" is "A". A plus stays one: values are not forms.
Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    std::optional<std::string> byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return invalid_argument(fmt::format("\"{}\": a percent sign without two hexadecimal digits", text));
    out += *byte;
    i += 2;
  }
  return out;
}

class EnvDetector final : public Detector {
 public:
  explicit EnvDetector(const pipeline::Context& context) : environment_(context.environment) {}

  void detect(Done done) override {
    std::string text = variable("OTEL_RESOURCE_ATTRIBUTES");
    if (text.empty()) text = variable("OTEL_RESOURCE");
    Result<FoundAttributes> parsed = parse_resource_attributes(text);
    if (!parsed.is_ok()) {
      done(std::move(parsed).status().with_context("cannot read OTEL_RESOURCE_ATTRIBUTES"));
      return;
    }
    // The name has a variable of its own, which counts for more.
    FoundAttributes found;
    found.add("service.name", variable("OTEL_SERVICE_NAME"));
    found.merge(*parsed);
    done(std::move(found));
  }

 private:
  std::string variable(const std::string& name) const {
    if (!environment_) return {};
    return std::string(trim(environment_(name).value_or("")));
  }

  std::function<std::optional<std::string>(const std::string&)> environment_;
};

}  // namespace

Result<FoundAttributes> parse_resource_attributes(std::string_view text) {
  FoundAttributes found;
  for (std::string_view pair : split(text, ',')) {
    pair = trim(pair);
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string_view name = trim(pair.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) return invalid_argument(fmt::format("\"{}\" is not key=value", pair));
    ASSIGN_OR_RETURN(std::string key, percent_decoded(name));
    ASSIGN_OR_RETURN(std::string value, percent_decoded(trim(pair.substr(equals + 1))));
    found.add(key, value);
  }
  return found;
}

std::shared_ptr<Detector> new_env_detector(const pipeline::Context& context) { return std::make_shared<EnvDetector>(context); }

}  // namespace vigia::processors
