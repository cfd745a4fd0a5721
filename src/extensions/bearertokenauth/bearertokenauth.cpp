#include "extensions/bearertokenauth/bearertokenauth.h"

#include <utility>

#include "base/text.h"
#include "extensions/bearertokenauth/factory.h"

namespace vigia::extensions {

namespace {

constexpr size_t max_file_bytes = 16 << 20;

// One token a line.
Result<std::vector<std::string>> read_tokens(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, files.read_small_file(path, max_file_bytes));
  std::vector<std::string> tokens;
  for (std::string_view line : split(text, '\n'))
    if (std::string_view token = trim(line); !token.empty() && tokens.size() < BearerTokenExtension::max_tokens) tokens.emplace_back(token);
  if (tokens.empty()) return invalid_argument("cannot use the token file " + path + ": there is no token in it");
  return tokens;
}

}  // namespace

BearerTokenConfig decode_bearer_token(config::Section& section) {
  BearerTokenConfig config;
  section.field("header", config.header);
  section.field("scheme", config.scheme);
  std::string token;
  section.secret("token", token);
  section.list("tokens", [&](config::Section& item) {
    std::string one;
    if (item.as_secret(one)) config.tokens.push_back(one);
  });
  if (section.field("filename", config.filename) && !config.filename.empty())
    section.check_when_used("filename", [path = config.filename](FileSystem& files) -> Status {
      auto tokens = read_tokens(files, path);
      return tokens.is_ok() ? Status() : std::move(tokens).status();
    });
  section.require(token.empty() || config.tokens.empty(), "tokens", "token and tokens cannot both be given");
  if (!token.empty()) config.tokens = {token};
  section.require(!config.tokens.empty() || !config.filename.empty(), "token", "no token is given: set token, tokens or filename");
  section.require(!config.header.empty(), "header", "the header needs a name");
  return config;
}

BearerTokenExtension::BearerTokenExtension(const pipeline::Context& context, BearerTokenConfig config)
    : context_(context), config_(std::move(config)), header_name_(to_lower(config_.header)) {}

Status BearerTokenExtension::start() {
  if (config_.filename.empty()) {
    state_.with([&](State& state) { state.values = with_scheme(config_.tokens); });
    return {};
  }
  ASSIGN_OR_RETURN(Values values, read_file());
  auto modified = context_.files.modified_ns(config_.filename);
  state_.with([&](State& state) { state = {values, context_.clock.steady_ms(), modified.is_ok() ? *modified : 0}; });
  return {};
}

Result<BearerTokenExtension::Values> BearerTokenExtension::read_file() const {
  ASSIGN_OR_RETURN(std::vector<std::string> tokens, read_tokens(context_.files, config_.filename));
  return with_scheme(tokens);
}

BearerTokenExtension::Values BearerTokenExtension::with_scheme(const std::vector<std::string>& tokens) const {
  auto values = std::make_shared<std::vector<std::string>>();
  for (const std::string& token : tokens) values->push_back(config_.scheme.empty() ? token : config_.scheme + " " + token);
  return values;
}

BearerTokenExtension::Values BearerTokenExtension::current_values() const {
  return state_.with([&](State& state) {
    if (!config_.filename.empty()) follow_file(state);
    return state.values;
  });
}

void BearerTokenExtension::follow_file(State& state) const {
  int64_t now_ms = context_.clock.steady_ms();
  if (now_ms - state.checked_ms < file_check_interval_ms) return;
  state.checked_ms = now_ms;
  auto modified = context_.files.modified_ns(config_.filename);
  if (modified.is_ok() && *modified == state.modified_ns) return;
  Result<Values> values = modified.is_ok() ? read_file() : Result<Values>(std::move(modified).status());
  if (!values.is_ok()) {
    context_.log.error("cannot read the tokens again; the old ones stay", {{"error", values.status()}});
    return;
  }
  state.modified_ns = *modified;
  state.values = *values;
  context_.log.info("The tokens have changed", {{"file", config_.filename}, {"tokens", state.values->size()}});
}

Result<std::string> BearerTokenExtension::authenticate(const std::function<std::string_view(std::string_view)>& header) const {
  std::string_view given = header(header_name_);
  if (given.empty()) return Status(StatusCode::unauthenticated, "missing or empty authorization header: " + config_.header);
  Values values = current_values();
  bool is_known = false;
  for (const std::string& value : *values) is_known |= equals_in_constant_time(value, given);
  if (!is_known) return Status(StatusCode::unauthenticated, "provided authorization does not match expected scheme or token");
  return std::string();
}

std::pair<std::string, std::string> BearerTokenExtension::credentials() const { return {header_name_, current_values()->front()}; }

pipeline::ExtensionFactory bearertokenauth_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "bearertokenauth";
  factory.aliases = {"bearertoken"};
  factory.decode = [](config::Section& section) -> std::any { return decode_bearer_token(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    const auto& settings = std::any_cast<const BearerTokenConfig&>(config);
    return std::unique_ptr<pipeline::Extension>(new BearerTokenExtension(context, settings));
  };
  return factory;
}

}  // namespace vigia::extensions
