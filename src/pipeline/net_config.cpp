#include "pipeline/net_config.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "net/proxy_url.h"
#include "net/socket.h"

namespace vigia::pipeline {

namespace {

void decode_limit_ms(config::Section& section, std::string_view key, int64_t& out) {
  if (section.duration_ms(key, out)) section.require(out >= 0, key, "must not be negative");
}

void decode_size(config::Section& section, std::string_view key, size_t& out) {
  uint64_t size = out;
  if (section.size_bytes(key, size)) out = size;
}

HeaderList lower_case_headers(const std::map<std::string, std::string>& headers) {
  HeaderList list;
  for (const auto& [name, value] : headers) list.emplace_back(to_lower(name), value);
  return list;
}

// What would end the header and start another one, or another request.
bool is_safe_header(std::string_view name, std::string_view value) {
  auto is_name_character = [](char c) { return c > ' ' && c < 127 && c != ':'; };
  auto is_value_character = [](char c) { return c != '\r' && c != '\n' && c != '\0'; };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character) &&
         std::all_of(value.begin(), value.end(), is_value_character);
}

// A map, or the newer list of {name, value}.
void decode_headers(config::Section& section, std::string_view key, HeaderList& headers) {
  const config::MapEntry* entry = section.node().find(key);
  if (entry && entry->value.is_list()) {
    HeaderList list;
    section.list(key, [&](config::Section& item) {
      std::string name, value;
      item.field("name", name);
      item.secret("value", value);
      list.emplace_back(to_lower(name), value);
    });
    headers = std::move(list);
  } else {
    std::map<std::string, std::string> values;
    if (!section.secret(key, values)) return;
    headers = lower_case_headers(values);
  }
  for (const auto& [name, value] : headers)
    section.require(is_safe_header(name, value), key, "the header \"" + name + "\" has characters that no header may have");
}

void check_server_address(config::Section& section, const std::string& transport, std::string& endpoint) {
  if (transport == "unix") {
    if (endpoint.rfind("unix:", 0) != 0) endpoint = "unix://" + endpoint;
    return;
  }
  bool is_tcp = transport == "tcp" || transport == "tcp4" || transport == "tcp6" || transport.empty();
  section.require(is_tcp, "transport", "expected tcp, tcp4, tcp6 or unix, found \"" + transport + "\"");
  if (endpoint.rfind("unix:", 0) == 0) return;
  Result<net::HostPort> address = net::parse_host_port(endpoint);
  if (!address.is_ok()) section.error("endpoint", "expected host:port, found \"" + endpoint + "\"");
}

void decode_server_address(config::Section& section, std::string& endpoint) {
  std::string transport = "tcp";
  section.field("endpoint", endpoint);
  section.field("transport", transport);
  section.accept_ignored("dialer");
  check_server_address(section, transport, endpoint);
  section.claim(listener_topic, "endpoint", endpoint);
}

void decode_tls_of_server(config::Section& section, std::optional<net::TlsSettings>& tls) {
  section.section("tls", [&](config::Section& part) {
    // `tls:` with nothing after it is off, as in the Collector.
    if (!part.is_null()) decode_tls_server(part, tls.emplace());
  });
}

void decode_server_keepalive(config::Section& section, GrpcServerConfig& server) {
  section.section("keepalive", [&](config::Section& keepalive) {
    keepalive.section("server_parameters", [&](config::Section& part) {
      decode_limit_ms(part, "max_connection_idle", server.max_connection_idle_ms);
      decode_limit_ms(part, "max_connection_age", server.max_connection_age_ms);
      decode_limit_ms(part, "max_connection_age_grace", server.max_connection_age_grace_ms);
      decode_limit_ms(part, "time", server.keepalive_time_ms);
      decode_limit_ms(part, "timeout", server.keepalive_timeout_ms);
    });
    keepalive.section("enforcement_policy", [&](config::Section& part) {
      decode_limit_ms(part, "min_time", server.min_ping_interval_ms);
      part.field("permit_without_stream", server.permit_pings_without_stream);
    });
  });
}

void decode_cors(config::Section& section, CorsConfig& cors) {
  section.section("cors", [&](config::Section& part) {
    part.field("allowed_origins", cors.allowed_origins);
    part.field("allowed_headers", cors.allowed_headers);
    part.accept_ignored("exposed_headers");
    part.field("max_age", cors.max_age_s);
  });
}

void decode_accepted_compressions(config::Section& section, std::vector<Compression>& accepted) {
  std::vector<std::string> names;
  if (!section.field("compression_algorithms", names)) return;
  accepted.clear();
  for (const std::string& name : names) {
    std::optional<Compression> compression = compression_by_name(name == "none" ? "" : name);
    if (compression)
      accepted.push_back(*compression);
    else if (name == "snappy" || name == "x-snappy-framed" || name == "lz4")
      section.warn("compression_algorithms", "the compression " + name + " is not in this build");
    else
      section.error("compression_algorithms", "expected gzip, zstd, zlib or deflate, found \"" + name + "\"");
  }
}

void decode_compression(config::Section& section, Compression& compression, bool is_grpc) {
  std::string name;
  if (!section.field("compression", name)) return;
  std::optional<Compression> known = compression_by_name(name == "none" ? "" : name);
  bool is_http_only = known && (*known == Compression::zlib);
  if (known && !(is_grpc && is_http_only))
    compression = *known;
  else if (name == "snappy" || name == "x-snappy-framed" || name == "lz4")
    section.error("compression", "the compression " + name + " is not in this build; there are gzip, zstd and none");
  else
    section.error("compression",
                  std::string(is_grpc ? "expected gzip, zstd, deflate or none" : "expected gzip, zstd, zlib, deflate or none") +
                      ", found \"" + name + "\"");
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// Cuts `prefix` off and says whether it was there.
bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!starts_with(text, prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Reads a gRPC target: host:port, a URL of http or https, or a name of gRPC's own (dns:, passthrough:, unix:).
void decode_grpc_target(config::Section& section, GrpcClientConfig& client, bool is_tls_configured) {
  std::string_view target = client.endpoint;
  if (take_prefix(target, "unix:")) {
    if (starts_with(target, "//")) target.remove_prefix(2);
    client.host = "unix:" + std::string(target);
    return;
  }
  if (take_prefix(target, "https://"))
    client.use_tls = true;
  else if (take_prefix(target, "http://"))
    client.use_tls = client.use_tls && is_tls_configured;
  else if (take_prefix(target, "dns://") || take_prefix(target, "passthrough://"))
    target = target.substr(std::min(target.find('/'), target.size() - 1) + 1);  // behind the authority
  else if (!take_prefix(target, "dns:"))
    take_prefix(target, "passthrough:");
  if (!target.empty() && target.back() == '/') target.remove_suffix(1);
  Result<net::HostPort> address = net::parse_host_port(target);
  if (!address.is_ok() || address->host.empty() || address->port <= 0) {
    section.error("endpoint", "expected host:port, found \"" + client.endpoint + "\"");
    return;
  }
  client.host = address->host;
  client.port = address->port;
}

void decode_proxy(config::Section& section, std::string& proxy_url) {
  section.field("proxy_url", proxy_url);
  if (proxy_url.empty()) return;
  if (Result<net::ProxyAddress> proxy = net::parse_proxy_url(proxy_url); !proxy.is_ok())
    section.error("proxy_url", proxy.status().message());
}

bool has_ca(const net::TlsSettings& tls) { return !tls.ca_file.empty() || !tls.ca_pem.empty(); }

}  // namespace

void decode_authenticator(config::Section& section, std::optional<ComponentId>& authenticator) {
  section.section("auth", [&](config::Section& auth) {
    std::string name;
    auth.accept_ignored("request_params");
    if (auth.field("authenticator", name)) authenticator = ComponentId::parse(name);
    if (auth.is_null() || !auth.require(!name.empty(), "authenticator", "the name of an authentication extension is missing")) return;
    auth.claim(authenticator_topic, "authenticator", name);
  });
}

void decode_grpc_server(config::Section& section, GrpcServerConfig& server) {
  decode_server_address(section, server.endpoint);
  decode_tls_of_server(section, server.tls);
  decode_authenticator(section, server.authenticator);
  section.field("include_metadata", server.include_metadata);
  uint64_t mebibytes = server.max_message_bytes >> 20;
  if (section.field("max_recv_msg_size_mib", mebibytes)) {
    section.require(mebibytes < 4096, "max_recv_msg_size_mib", "must be below 4096");
    // 0 is the default, as in the Collector.
    if (mebibytes > 0 && mebibytes < 4096) server.max_message_bytes = static_cast<size_t>(mebibytes) << 20;
  }
  section.field("max_concurrent_streams", server.max_concurrent_streams);
  decode_size(section, "read_buffer_size", server.read_buffer_bytes);
  decode_size(section, "write_buffer_size", server.write_buffer_bytes);
  decode_server_keepalive(section, server);
  section.refuse("middlewares", "middlewares are not in this build");
}

bool CorsConfig::allows_origin(std::string_view origin) const {
  auto matches = [&](std::string_view pattern) {
    // Greedy matching with one step back: enough for any number of stars.
    size_t p = 0, o = 0, star = std::string_view::npos, retry = 0;
    while (o < origin.size()) {
      if (p < pattern.size() && pattern[p] == '*') {
        star = p++;
        retry = o;
      } else if (p < pattern.size() && equals_ignoring_case(pattern.substr(p, 1), origin.substr(o, 1))) {
        p++;
        o++;
      } else if (star != std::string_view::npos) {
        p = star + 1;
        o = ++retry;
      } else {
        return false;
      }
    }
    while (p < pattern.size() && pattern[p] == '*') p++;
    return p == pattern.size();
  };
  return !origin.empty() && std::any_of(allowed_origins.begin(), allowed_origins.end(), matches);
}

void decode_http_server(config::Section& section, HttpServerConfig& server) {
  decode_server_address(section, server.endpoint);
  decode_tls_of_server(section, server.tls);
  decode_authenticator(section, server.authenticator);
  decode_cors(section, server.cors);
  section.field("include_metadata", server.include_metadata);
  uint64_t body_bytes = server.max_body_bytes;
  if (section.size_bytes("max_request_body_size", body_bytes) && body_bytes > 0) server.max_body_bytes = body_bytes;
  decode_headers(section, "response_headers", server.response_headers);
  decode_accepted_compressions(section, server.compression_algorithms);
  decode_limit_ms(section, "read_timeout", server.read_timeout_ms);
  decode_limit_ms(section, "read_header_timeout", server.read_header_timeout_ms);
  decode_limit_ms(section, "write_timeout", server.write_timeout_ms);
  decode_limit_ms(section, "idle_timeout", server.idle_timeout_ms);
  section.field("keep_alives_enabled", server.keep_alives_enabled);
  section.refuse("middlewares", "middlewares are not in this build");
}

void decode_grpc_client(config::Section& section, GrpcClientConfig& client) {
  TlsClientConfig tls{!client.use_tls, client.tls};
  bool is_tls_configured = false;
  section.field("endpoint", client.endpoint);
  section.section("tls", [&](config::Section& part) {
    is_tls_configured = !part.is_null();
    decode_tls_client(part, tls);
    if (!tls.insecure || has_ca(tls.settings)) check_tls_files(part, tls.settings);
  });
  // A certificate authority asks for TLS whatever `insecure` says.
  client.use_tls = !tls.insecure || has_ca(tls.settings);
  client.tls = tls.settings;
  if (section.require(!client.endpoint.empty(), "endpoint", "an endpoint is required: host:port of the server to send to"))
    decode_grpc_target(section, client, is_tls_configured);
  decode_compression(section, client.compression, true);
  decode_headers(section, "headers", client.headers);
  section.field("authority", client.authority);
  decode_authenticator(section, client.authenticator);
  section.section("keepalive", [&](config::Section& part) {
    decode_limit_ms(part, "time", client.keepalive_time_ms);
    decode_limit_ms(part, "timeout", client.keepalive_timeout_ms);
    part.field("permit_without_stream", client.keepalive_without_stream);
  });
  decode_size(section, "read_buffer_size", client.read_buffer_bytes);
  decode_size(section, "write_buffer_size", client.write_buffer_bytes);
  section.field("wait_for_ready", client.wait_for_ready);
  section.accept_ignored("balancer_name");
  section.refuse("middlewares", "middlewares are not in this build");
}

static void decode_body_format(config::Section& section, HttpClientConfig& client) {
  decode_compression(section, client.compression, false);
  section.section("compression_params", [&](config::Section& part) {
    int32_t level = client.compression_level;
    if (part.field("level", level)) part.require(level >= -2 && level <= 22, "level", "expected a level from -2 to 22");
    // Negative levels are the codec's default and "Huffman only"; ours is the fast one.
    client.compression_level = std::clamp(level, 0, 22);
  });
  section.choice("encoding", client.encoding, {{"proto", BodyEncoding::proto}, {"json", BodyEncoding::json}});
}

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  HttpUrl url;
  std::string_view rest = text;
  if (take_prefix(rest, "https://"))
    url.is_https = true;
  else if (!take_prefix(rest, "http://"))
    return invalid_argument("expected a URL such as http://host:4318, found \"" + std::string(text) + "\"");
  size_t path_at = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, path_at);
  std::string_view path = rest.substr(path_at);
  path = path.substr(0, path.find('#'));
  url.path = path.substr(0, 1) == "?" ? "/" + std::string(path) : std::string(path);
  if (authority.find('@') != std::string_view::npos)
    return invalid_argument("a URL with a user or password is not supported; use auth or headers");
  bool has_port = authority.rfind(':') != std::string_view::npos && authority.rfind(':') + 1 > authority.rfind(']') + 1;
  std::string with_port = has_port ? std::string(authority) : std::string(authority) + (url.is_https ? ":443" : ":80");
  Result<net::HostPort> address = net::parse_host_port(with_port);
  if (!address.is_ok() || address->host.empty() || address->port <= 0)
    return invalid_argument("expected a URL such as http://host:4318, found \"" + std::string(text) + "\"");
  url.host = address->host;
  url.port = address->port;
  return url;
}

void decode_http_client(config::Section& section, HttpClientConfig& client) {
  section.field("endpoint", client.endpoint);
  if (!client.endpoint.empty()) {
    Result<HttpUrl> url = HttpUrl::parse(client.endpoint);
    if (!url.is_ok()) section.error("endpoint", url.status().message());
  }
  decode_limit_ms(section, "timeout", client.timeout_ms);
  section.section("tls", [&](config::Section& part) {
    decode_tls_client(part, client.tls);
    // In plain text nobody reads them. Without an endpoint there are others, of which we do not know yet.
    if (!starts_with(client.endpoint, "http://")) check_tls_files(part, client.tls.settings);
  });
  if (!client.has_fixed_body) decode_body_format(section, client);
  decode_headers(section, "headers", client.headers);
  decode_authenticator(section, client.authenticator);
  decode_proxy(section, client.proxy_url);
  size_t all_idle = 0;
  decode_size(section, "max_idle_conns", all_idle);
  decode_size(section, "max_idle_conns_per_host", client.max_idle_connections);
  decode_size(section, "max_conns_per_host", client.max_connections);
  if (client.max_idle_connections == 0) client.max_idle_connections = all_idle;
  decode_limit_ms(section, "idle_conn_timeout", client.idle_connection_timeout_ms);
  section.field("disable_keep_alives", client.disable_keep_alives);
  section.field("force_attempt_http2", client.allow_http2);
  decode_limit_ms(section, "http2_read_idle_timeout", client.http2_read_idle_timeout_ms);
  decode_limit_ms(section, "http2_ping_timeout", client.http2_ping_timeout_ms);
  section.accept_ignored("read_buffer_size");
  decode_size(section, "write_buffer_size", client.write_buffer_bytes);
  section.accept_ignored("cookies");
  section.refuse("middlewares", "middlewares are not in this build");
}

}  // namespace vigia::pipeline
