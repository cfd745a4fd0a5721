#include "receivers/prometheus/http_settings.h"

#include "base/text.h"
#include "net/proxy_url.h"
#include "pipeline/net_config.h"
#include "pipeline/proxy.h"

namespace vigia::receivers {

namespace {

constexpr size_t most_secret_bytes = 1 << 20;
constexpr int max_redirects = 10;
constexpr int64_t certificates_reload_ms = 10'000;

void check_file(config::Section& section, std::string_view key, const std::string& path) {
  if (path.empty()) return;
  section.check_when_used(key, [path](FileSystem& files) {
    Result<std::string> text = files.read_small_file(path, most_secret_bytes);
    return text.is_ok() ? Status() : std::move(text).status();
  });
}

void decode_tls_version(config::Section& section, std::string_view key, std::string& version) {
  std::string name;
  if (!section.field(key, name)) return;
  bool is_known = name == "TLS10" || name == "TLS11" || name == "TLS12" || name == "TLS13";
  if (section.require(is_known, key, "expected TLS10, TLS11, TLS12 or TLS13")) version = {'1', '.', name.back()};
}

void decode_tls(config::Section& section, net::TlsSettings& tls) {
  section.field("ca_file", tls.ca_file);
  section.field("cert_file", tls.cert_file);
  section.field("key_file", tls.key_file);
  section.secret("ca", tls.ca_pem);
  section.secret("cert", tls.cert_pem);
  section.secret("key", tls.key_pem);
  section.require(tls.ca_file.empty() || tls.ca_pem.empty(), "ca", "ca and ca_file cannot both be given");
  section.require(tls.cert_file.empty() || tls.cert_pem.empty(), "cert", "cert and cert_file cannot both be given");
  section.require(tls.key_file.empty() || tls.key_pem.empty(), "key", "key and key_file cannot both be given");
  bool has_certificate = !tls.cert_file.empty() || !tls.cert_pem.empty();
  bool has_key = !tls.key_file.empty() || !tls.key_pem.empty();
  section.require(has_certificate == has_key, "",
                  has_key ? "a key needs its certificate: cert_file is missing" : "a certificate needs its key: key_file is missing");
  section.field("server_name", tls.server_name_override);
  section.field("insecure_skip_verify", tls.insecure_skip_verify);
  decode_tls_version(section, "min_version", tls.min_version);
  decode_tls_version(section, "max_version", tls.max_version);
  tls.reload_interval_ms = certificates_reload_ms;
  if (!section.has_new_errors()) pipeline::check_tls_files(section, tls);
}

void decode_basic(config::Section& section, HttpSettings& out) {
  out.authorization_type = "Basic";
  section.field("username", out.username);
  section.field("username_file", out.username_file);
  section.secret("password", out.password);
  section.field("password_file", out.password_file);
  section.require(out.username.empty() || out.username_file.empty(), "username_file", "username and username_file cannot both be given");
  section.require(out.password.empty() || out.password_file.empty(), "password_file", "password and password_file cannot both be given");
  check_file(section, "username_file", out.username_file);
  check_file(section, "password_file", out.password_file);
}

void decode_authorization(config::Section& section, HttpSettings& out) {
  std::string type = "Bearer";
  section.field("type", type);
  type = trim(type);
  out.authorization_type = type.empty() ? "Bearer" : type;
  section.require(!equals_ignoring_case(type, "basic"), "type", "write basic_auth instead");
  section.secret("credentials", out.credentials);
  section.field("credentials_file", out.credentials_file);
  section.require(out.credentials.empty() || out.credentials_file.empty(), "credentials_file",
                  "credentials and credentials_file cannot both be given");
  check_file(section, "credentials_file", out.credentials_file);
}

void decode_bearer(config::Section& section, HttpSettings& out) {
  std::string token, token_file;
  section.secret("bearer_token", token);
  section.field("bearer_token_file", token_file);
  if (token.empty() && token_file.empty()) return;
  section.require(token.empty() || token_file.empty(), "bearer_token_file", "bearer_token and bearer_token_file cannot both be given");
  out.authorization_type = "Bearer";
  out.credentials = token;
  out.credentials_file = token_file;
  check_file(section, "bearer_token_file", token_file);
}

void decode_headers(config::Section& section, HttpSettings& out) {
  section.each("http_headers", [&](const std::string& name, config::Section& header) {
    std::vector<std::string> values, files;
    header.field("values", values);
    header.list("secrets", [&](config::Section& item) {
      std::string secret;
      if (item.as_secret(secret)) values.push_back(secret);
    });
    header.field("files", files);
    std::string lower = to_lower(name);
    bool is_ours = lower == "authorization" || lower == "host" || lower == "content-length" || lower == "accept-encoding";
    header.require(!is_ours, "", "this header is set by other keys");
    for (const std::string& value : values) out.headers.emplace_back(lower, value);
    for (const std::string& file : files) {
      out.header_files.emplace_back(lower, file);
      check_file(header, "files", file);
    }
  });
}

void decode_proxy(config::Section& section, HttpSettings& out) {
  section.secret("proxy_url", out.proxy_url);
  section.field("no_proxy", out.no_proxy);
  section.field("proxy_from_environment", out.proxy_from_environment);
  section.refuse("proxy_connect_header", "headers for the proxy are not in this build");
  section.require(out.proxy_url.empty() || !out.proxy_from_environment, "proxy_from_environment",
                  "proxy_url and proxy_from_environment cannot both be given");
  if (out.proxy_url.empty()) return;
  Result<net::ProxyAddress> proxy = net::parse_proxy_url(out.proxy_url);
  if (!proxy.is_ok()) section.error("proxy_url", proxy.status().message());
}

Result<std::string> value_or_file(const std::string& value, const std::string& file, FileSystem& files) {
  if (file.empty()) return value;
  ASSIGN_OR_RETURN(std::string text, files.read_small_file(file, most_secret_bytes));
  return std::string(trim(text));
}

}  // namespace

void decode_http_settings(config::Section& section, HttpSettings& out) {
  section.section("tls_config", [&](config::Section& tls) { decode_tls(tls, out.tls); });
  section.field("follow_redirects", out.follow_redirects);
  section.field("enable_http2", out.enable_http2);
  decode_proxy(section, out);
  int ways = (section.has("basic_auth") ? 1 : 0) + (section.has("authorization") ? 1 : 0) +
             (section.has("bearer_token") || section.has("bearer_token_file") ? 1 : 0);
  section.require(ways <= 1, "", "at most one of basic_auth, authorization, bearer_token and bearer_token_file can be given");
  section.section("basic_auth", [&](config::Section& basic) { decode_basic(basic, out); });
  section.section("authorization", [&](config::Section& authorization) { decode_authorization(authorization, out); });
  decode_bearer(section, out);
  section.refuse("oauth2", "OAuth 2 is not in this build; use authorization with a credentials_file");
  decode_headers(section, out);
}

Status add_configured_headers(const HttpSettings& settings, FileSystem& files, net::Headers& headers) {
  for (const auto& [name, value] : settings.headers) headers.add(name, value);
  for (const auto& [name, file] : settings.header_files) {
    ASSIGN_OR_RETURN(std::string value, value_or_file("", file, files));
    headers.add(name, value);
  }
  if (settings.authorization_type.empty()) return {};
  if (settings.authorization_type == "Basic") {
    ASSIGN_OR_RETURN(std::string user, value_or_file(settings.username, settings.username_file, files));
    ASSIGN_OR_RETURN(std::string password, value_or_file(settings.password, settings.password_file, files));
    headers.set("authorization", "Basic " + to_base64(user + ":" + password));
    return {};
  }
  ASSIGN_OR_RETURN(std::string credentials, value_or_file(settings.credentials, settings.credentials_file, files));
  headers.set("authorization", settings.authorization_type + " " + credentials);
  return {};
}

Result<net::ClientSettings> client_settings(const HttpSettings& settings, const pipeline::Context& context, bool is_https,
                                            const std::string& host, int port) {
  net::ClientSettings client;
  client.host = host;
  client.port = port;
  client.allow_http1 = true;
  client.allow_http2 = is_https && settings.enable_http2;
  client.max_redirects = settings.follow_redirects ? max_redirects : 0;
  if (is_https) {
    ASSIGN_OR_RETURN(client.tls, net::TlsClientContext::create(settings.tls, context.clock));
  }
  if (!settings.proxy_url.empty()) {
    pipeline::ProxyRules rules({settings.proxy_url, settings.proxy_url, settings.no_proxy});
    ASSIGN_OR_RETURN(client.proxy_url, rules.proxy_for(is_https, host, port));
  } else if (settings.proxy_from_environment && context.proxies) {
    ASSIGN_OR_RETURN(client.proxy_url, context.proxies->proxy_for(is_https, host, port));
  }
  return client;
}

}  // namespace vigia::receivers
