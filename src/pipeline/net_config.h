#pragma once

// The settings that all components with a server or a client share, by the Collector's keys and defaults, and how they become
// settings of the network layer.
//
// A component decodes its own keys and calls decode_…() on the same section for the shared ones:
//
//   GrpcClientConfig client;
//   client.compression = Compression::gzip;  // the component's own default
//   decode_grpc_client(section, client);
//
// Decoding only looks at the text: errors go to the section's list, and what the structure held before is the default. Files
// (certificates) are tried by check_surroundings() when the component is used, and read by the …_settings() functions, which belong
// in start(). Strings that were decoded are copies.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/compress.h"
#include "base/status.h"
#include "config/section.h"
#include "net/http.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "pipeline/component.h"

namespace vigia::pipeline {

using HeaderList = std::vector<std::pair<std::string, std::string>>;  // lower-case names

// --- TLS ---

// `tls:` of a server; present means on.
void decode_tls_server(config::Section& section, net::TlsSettings& tls);
// `tls:` of a client. `insecure` asks for plain text. The files are checked only when they will be read.
struct TlsClientConfig {
  bool insecure = false;
  net::TlsSettings settings;
};
void decode_tls_client(config::Section& section, TlsClientConfig& tls);
void check_tls_files(config::Section& section, const net::TlsSettings& tls);

// --- Servers ---

struct GrpcServerConfig {
  std::string endpoint;  // "unix:///path" when transport is unix
  std::optional<net::TlsSettings> tls;
  std::optional<ComponentId> authenticator;
  bool include_metadata = false;
  size_t max_message_bytes = 4 << 20;
  uint32_t max_concurrent_streams = 0;  // 0: the network layer's default
  size_t read_buffer_bytes = 512 * 1024;
  size_t write_buffer_bytes = 32 * 1024;
  // 0 is "for ever" or the network layer's default.
  int64_t max_connection_idle_ms = 0;
  int64_t max_connection_age_ms = 0;
  int64_t max_connection_age_grace_ms = 0;
  int64_t keepalive_time_ms = 0;
  int64_t keepalive_timeout_ms = 0;
  int64_t min_ping_interval_ms = 0;
  bool permit_pings_without_stream = false;
};
void decode_grpc_server(config::Section& section, GrpcServerConfig& server);

struct CorsConfig {
  std::vector<std::string> allowed_origins;  // "*" stands for any characters
  std::vector<std::string> allowed_headers;
  int64_t max_age_s = 0;

  bool allows_origin(std::string_view origin) const;
};

struct HttpServerConfig {
  std::string endpoint;
  std::optional<net::TlsSettings> tls;
  std::optional<ComponentId> authenticator;
  CorsConfig cors;
  bool include_metadata = false;
  size_t max_body_bytes = 20 << 20;  // after decompression, too
  HeaderList response_headers;
  // What Content-Encoding may be; identity is always allowed.
  std::vector<Compression> compression_algorithms = {Compression::gzip, Compression::zstd, Compression::zlib, Compression::deflate};
  int64_t read_timeout_ms = 0;
  int64_t read_header_timeout_ms = 60'000;
  int64_t write_timeout_ms = 30'000;
  int64_t idle_timeout_ms = 60'000;
  bool keep_alives_enabled = true;
};
void decode_http_server(config::Section& section, HttpServerConfig& server);

// Reads the certificates. The clock must outlive the server.
Result<net::ServerSettings> server_settings(const GrpcServerConfig& server, const Clock& clock);
Result<net::ServerSettings> server_settings(const HttpServerConfig& server, const Clock& clock);

// --- Clients ---

struct GrpcClientConfig {
  std::string endpoint;  // as it was written
  std::string host;      // "unix:/path" for a socket file
  int port = 0;
  bool use_tls = true;
  net::TlsSettings tls;
  Compression compression = Compression::none;
  HeaderList headers;
  std::string authority;
  std::optional<ComponentId> authenticator;
  int64_t keepalive_time_ms = 0;  // 0 is off
  int64_t keepalive_timeout_ms = 20'000;
  bool keepalive_without_stream = false;
  size_t read_buffer_bytes = 0;
  size_t write_buffer_bytes = 512 * 1024;
  bool wait_for_ready = false;
};
void decode_grpc_client(config::Section& section, GrpcClientConfig& client);

// "http://host:port/base": what an HTTP client is pointed at.
struct HttpUrl {
  bool is_https = false;
  std::string host;
  int port = 0;      // 80 or 443 when the text has none
  std::string path;  // with the query; "" when the text has none

  static Result<HttpUrl> parse(std::string_view text);
};

enum class BodyEncoding : uint8_t { proto, json };

struct HttpClientConfig {
  std::string endpoint;  // "" when only the exporter's own per-signal endpoints are set
  int64_t timeout_ms = 30'000;
  TlsClientConfig tls;
  Compression compression = Compression::none;
  int compression_level = 0;  // 0: the codec's default
  BodyEncoding encoding = BodyEncoding::proto;
  HeaderList headers;
  std::optional<ComponentId> authenticator;
  std::string proxy_url;
  size_t max_connections = 0;       // max_conns_per_host; 0: the network layer's default
  size_t max_idle_connections = 0;  // max_idle_conns_per_host
  int64_t idle_connection_timeout_ms = 90'000;
  bool disable_keep_alives = false;
  bool allow_http2 = true;  // force_attempt_http2
  // The body's format and compression are the protocol's: `compression` and `encoding` are not read here.
  bool has_fixed_body = false;
  int64_t http2_read_idle_timeout_ms = 0;
  int64_t http2_ping_timeout_ms = 0;
  size_t write_buffer_bytes = 512 * 1024;
};
void decode_http_client(config::Section& section, HttpClientConfig& client);

Result<net::ClientSettings> client_settings(const GrpcClientConfig& client, const Clock& clock);
// For one of the exporter's URLs. Both leave settings that are the exporter's business when it sends (headers, timeout).
Result<net::ClientSettings> client_settings(const HttpClientConfig& client, const HttpUrl& url, const Clock& clock);

// The same for a component: where the configuration has no proxy of its own, the environment's is taken. gRPC goes by the one for HTTPS, also
// in plain text, as the Collector's does.
Result<net::ClientSettings> client_settings(const GrpcClientConfig& client, const Context& context);
Result<net::ClientSettings> client_settings(const HttpClientConfig& client, const HttpUrl& url, const Context& context);

// --- Authentication ---

// `auth: {authenticator: …}`, of servers and clients.
void decode_authenticator(config::Section& section, std::optional<ComponentId>& authenticator);

// The extension that an `auth: {authenticator: …}` names, in its role. To be called in start(): extensions start first.
Result<const ServerAuthenticator*> find_server_authenticator(const Context& context, const ComponentId& id);
Result<const ClientAuthenticator*> find_client_authenticator(const Context& context, const ComponentId& id);

}  // namespace vigia::pipeline
