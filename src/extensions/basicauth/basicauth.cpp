#include "extensions/basicauth/basicauth.h"

#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "extensions/basicauth/factory.h"

namespace vigia::extensions {

namespace {

Status unauthenticated(std::string message) { return {StatusCode::unauthenticated, std::move(message)}; }

constexpr size_t max_file_bytes = 16 << 20;

// A value from its file, when one is named.
Status read_value(FileSystem& files, const std::string& path, std::string& value) {
  if (path.empty()) return {};
  ASSIGN_OR_RETURN(std::string text, files.read_small_file(path, max_file_bytes));
  value = trim(text);
  return {};
}

// Whether the file can be read and, when it holds the passwords of others, understood.
void check_file(config::Section& section, std::string_view key, const std::string& path, bool has_passwords) {
  if (path.empty()) return;
  section.check_when_used(key, [path, has_passwords](FileSystem& files) -> Status {
    std::string text;
    RETURN_IF_ERROR(read_value(files, path, text));
    if (!has_passwords) return {};
    Result<PasswordFile> passwords = PasswordFile::parse(text);
    return passwords ? Status() : std::move(passwords).status().with_context("cannot use " + path);
  });
}

}  // namespace

BasicAuthConfig decode_basic_auth(config::Section& section) {
  BasicAuthConfig config;
  section.section("htpasswd", [&](config::Section& part) {
    if (part.is_null()) return;
    BasicAuthConfig::Passwords& passwords = config.htpasswd.emplace();
    part.field("file", passwords.file);
    part.secret("inline", passwords.text);
    check_file(part, "file", passwords.file, true);
    part.require(!passwords.file.empty() || !passwords.text.empty(), "file", "no passwords are given: set file or inline");
  });
  section.section("client_auth", [&](config::Section& part) {
    if (part.is_null()) return;
    BasicAuthConfig::Client& client = config.client_auth.emplace();
    part.field("username", client.username);
    part.secret("password", client.password);
    part.field("username_file", client.username_file);
    part.field("password_file", client.password_file);
    check_file(part, "username_file", client.username_file, false);
    check_file(part, "password_file", client.password_file, false);
    part.require(!client.username.empty() || !client.username_file.empty(), "username", "a user name is required");
  });
  section.require(config.htpasswd || config.client_auth, "htpasswd",
                  "no credential source: set htpasswd (for receivers) or client_auth (for exporters)");
  section.require(!config.htpasswd || !config.client_auth, "client_auth", "htpasswd and client_auth cannot both be given in one extension");
  return config;
}

BasicAuthExtension::BasicAuthExtension(const pipeline::Context& context, BasicAuthConfig config)
    : context_(context), config_(std::move(config)) {
  Random random = Random::from_system();
  salt_ = std::to_string(random.next()) + std::to_string(random.next());
}

Status BasicAuthExtension::start() {
  if (config_.htpasswd) return load_passwords();
  return load_client();
}

Status BasicAuthExtension::load_passwords() {
  std::string text;
  RETURN_IF_ERROR(read_value(context_.files, config_.htpasswd->file, text));
  ASSIGN_OR_RETURN(passwords_, PasswordFile::parse(text + "\n" + config_.htpasswd->text));
  return {};
}

Status BasicAuthExtension::load_client() {
  BasicAuthConfig::Client& client = *config_.client_auth;
  RETURN_IF_ERROR(read_value(context_.files, client.username_file, client.username));
  RETURN_IF_ERROR(read_value(context_.files, client.password_file, client.password));
  client_value_ = "Basic " + to_base64(client.username + ":" + client.password);
  return {};
}

Result<std::string> BasicAuthExtension::authenticate(const std::function<std::string_view(std::string_view)>& header) const {
  std::string_view value = header("authorization");
  if (value.empty()) return unauthenticated("no basic auth provided");
  if (!equals_ignoring_case(value.substr(0, 6), "Basic ")) return unauthenticated("invalid authorization scheme: expected Basic");
  std::optional<std::string> credentials = from_base64(trim(value.substr(6)));
  size_t colon = credentials ? credentials->find(':') : std::string::npos;
  if (colon == std::string::npos) return unauthenticated("invalid authorization: expected base64 of user:password");
  std::string_view both = *credentials;
  RETURN_IF_ERROR(check(both.substr(0, colon), both.substr(colon + 1)));
  return std::string();
}

Status BasicAuthExtension::check(std::string_view user, std::string_view password) const {
  const std::string* hash = passwords_.hash_of(user);
  if (!hash) return unauthenticated("invalid user or password");
  bool is_slow = is_slow_hash(*hash);
  std::string fingerprint = is_slow ? fingerprint_of(salt_, password) : std::string();
  if (is_slow && is_remembered(user, fingerprint)) return {};
  if (is_slow && !may_check_slowly()) return unavailable("too many passwords are being checked; try again").retryable_after_ms(1000);
  if (!is_password(*hash, password)) return unauthenticated("invalid user or password");
  if (is_slow) state_.with([&](State& state) { state.verified[std::string(user)] = fingerprint; });
  return {};
}

bool BasicAuthExtension::is_remembered(std::string_view user, std::string_view fingerprint) const {
  return state_.with([&](State& state) {
    auto found = state.verified.find(user);
    return found != state.verified.end() && equals_in_constant_time(found->second, fingerprint);
  });
}

bool BasicAuthExtension::may_check_slowly() const {
  int64_t second = context_.clock.steady_ms() / 1000;
  return state_.with([&](State& state) {
    if (state.second != second) {
      state.second = second;
      state.slow_checks = 0;
    }
    return ++state.slow_checks <= max_slow_checks_per_s;
  });
}

pipeline::ExtensionFactory basicauth_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "basicauth";
  factory.decode = [](config::Section& section) -> std::any { return decode_basic_auth(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    return std::unique_ptr<pipeline::Extension>(new BasicAuthExtension(context, std::any_cast<const BasicAuthConfig&>(config)));
  };
  return factory;
}

}  // namespace vigia::extensions
