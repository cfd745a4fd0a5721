// Scenario: sections of configurations as people write them for the Collector's servers and clients. Guarantee: every key
// of the shared settings arrives where the network layer reads it, and what cannot be used is told with its path.

#include "pipeline/net_config.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"

namespace vigia::pipeline {
namespace {

// Decodes YAML with one of the decoders; returns the errors, one a line, without positions.
template <typename Config>
std::string decode_text(const std::string& yaml, void (*decode)(config::Section&, Config&), Config& config) {
  config::Diagnostics diagnostics;
  auto source = std::make_shared<config::Source>(config::Source{"test.yaml", yaml});
  std::optional<config::Node> node = config::read_yaml(source, diagnostics);
  if (node) {
    config::Section section(*node, "", diagnostics);
    decode(section, config);
  }
  std::string errors;
  for (const config::Diagnostic& error : diagnostics.errors()) errors += error.path + ": " + error.message + "\n";
  return errors;
}

TEST(NetConfig, grpc_server_takes_every_key) {
  GrpcServerConfig server;
  std::string errors = decode_text(R"(
endpoint: 0.0.0.0:4317
transport: tcp
max_recv_msg_size_mib: 16
max_concurrent_streams: 16
read_buffer_size: 1024
write_buffer_size: 2048
include_metadata: true
auth: {authenticator: bearertokenauth/edge}
tls: {cert_file: /c.pem, key_file: /k.pem, client_ca_file: /ca.pem, min_version: "1.3", reload_interval: 1m, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}
keepalive:
  server_parameters: {max_connection_idle: 11s, max_connection_age: 12s, max_connection_age_grace: 30s, time: 30s, timeout: 5s}
  enforcement_policy: {min_time: 10s, permit_without_stream: true}
)",
                                   decode_grpc_server, server);
  EXPECT_EQ(errors, "");
  EXPECT_EQ(server.endpoint, "0.0.0.0:4317");
  EXPECT_EQ(server.max_message_bytes, 16u << 20);
  EXPECT_EQ(server.read_buffer_bytes, 1024u);
  EXPECT_TRUE(server.include_metadata);
  EXPECT_EQ(server.authenticator->to_string(), "bearertokenauth/edge");
  ASSERT_TRUE(server.tls);
  EXPECT_EQ(server.tls->client_ca_file, "/ca.pem");
  EXPECT_EQ(server.tls->min_version, "1.3");
  EXPECT_EQ(server.tls->reload_interval_ms, 60'000);

  server.tls.reset();
  SystemClock clock;
  auto settings = server_settings(server, clock);
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(settings->max_concurrent_streams, 16u);
  EXPECT_EQ(settings->max_connection_idle_ms, 11'000);
  EXPECT_EQ(settings->max_connection_age_ms, 12'000);
  EXPECT_EQ(settings->max_connection_age_grace_ms, 30'000);
  EXPECT_EQ(settings->keepalive_time_ms, 30'000);
  EXPECT_EQ(settings->keepalive_timeout_ms, 5'000);
  EXPECT_EQ(settings->min_ping_interval_ms, 10'000);
  EXPECT_TRUE(settings->permit_pings_without_stream);
}

TEST(NetConfig, an_empty_server_section_keeps_the_defaults) {
  GrpcServerConfig server;
  server.endpoint = "localhost:4317";
  EXPECT_EQ(decode_text("endpoint:\ntls:\nkeepalive:\n", decode_grpc_server, server), "");
  EXPECT_EQ(server.endpoint, "localhost:4317");
  EXPECT_FALSE(server.tls);
  SystemClock clock;
  auto settings = server_settings(server, clock);
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(settings->keepalive_time_ms, net::ServerSettings().keepalive_time_ms);
  EXPECT_EQ(settings->max_concurrent_streams, net::ServerSettings().max_concurrent_streams);
}

TEST(NetConfig, a_unix_socket_is_an_endpoint) {
  GrpcServerConfig server;
  EXPECT_EQ(decode_text("endpoint: /run/otel.sock\ntransport: unix\n", decode_grpc_server, server), "");
  EXPECT_EQ(server.endpoint, "unix:///run/otel.sock");
}

TEST(NetConfig, mistakes_in_servers_are_all_told_with_their_path) {
  GrpcServerConfig server;
  std::string errors = decode_text(R"(
endpoint: nowhere
transport: pigeon
tls: {cert_file: /c.pem, min_version: "2.0"}
keepalive: {server_parameters: {time: -1s}}
auth: {authentikator: x}
max_recv_mesg_size_mib: 4
)",
                                   decode_grpc_server, server);
  EXPECT_NE(errors.find("transport: expected tcp, tcp4, tcp6 or unix, found \"pigeon\""), std::string::npos) << errors;
  EXPECT_NE(errors.find("endpoint: expected host:port, found \"nowhere\""), std::string::npos) << errors;
  EXPECT_NE(errors.find("tls::cert_file: a certificate needs its key"), std::string::npos) << errors;
  EXPECT_NE(errors.find("tls::min_version: expected a TLS version"), std::string::npos) << errors;
  EXPECT_NE(errors.find("keepalive::server_parameters::time: must not be negative"), std::string::npos) << errors;
  EXPECT_NE(errors.find("auth::authentikator: "), std::string::npos) << errors;
  EXPECT_NE(errors.find("max_recv_mesg_size_mib: "), std::string::npos) << errors;
}

TEST(NetConfig, a_tls_server_without_a_certificate_is_refused) {
  HttpServerConfig server;
  server.endpoint = "localhost:1";
  std::string errors = decode_text("tls: {min_version: \"1.2\"}", decode_http_server, server);
  EXPECT_NE(errors.find("a server needs a certificate"), std::string::npos) << errors;
}

TEST(NetConfig, http_server_takes_every_key) {
  HttpServerConfig server;
  std::string errors = decode_text(R"(
endpoint: :4318
cors: {allowed_origins: ["https://*.example.com"], allowed_headers: [X-A], max_age: 7200}
max_request_body_size: 1048576
include_metadata: true
response_headers: {X-Served-By: edge}
compression_algorithms: ["", gzip]
read_header_timeout: 3s
idle_timeout: 9s
read_timeout: 1s
write_timeout: 2s
keep_alives_enabled: true
auth: {authenticator: basicauth}
)",
                                   decode_http_server, server);
  EXPECT_EQ(errors, "");
  EXPECT_EQ(server.max_body_bytes, 1048576u);
  EXPECT_EQ(server.response_headers, (HeaderList{{"x-served-by", "edge"}}));
  EXPECT_EQ(server.compression_algorithms, (std::vector<Compression>{Compression::none, Compression::gzip}));
  EXPECT_EQ(server.cors.max_age_s, 7200);
  SystemClock clock;
  auto settings = server_settings(server, clock);
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(settings->header_timeout_ms, 3'000);
  EXPECT_EQ(settings->idle_timeout_ms, 9'000);
}

TEST(NetConfig, cors_patterns) {
  CorsConfig cors;
  cors.allowed_origins = {"https://*.example.com", "http://one.test"};
  EXPECT_TRUE(cors.allows_origin("https://a.b.example.com"));
  EXPECT_TRUE(cors.allows_origin("HTTP://one.test"));
  EXPECT_FALSE(cors.allows_origin("https://example.com"));
  EXPECT_FALSE(cors.allows_origin("https://a.example.com.evil.test"));
  EXPECT_FALSE(cors.allows_origin(""));
  cors.allowed_origins = {"*"};
  EXPECT_TRUE(cors.allows_origin("null"));
  cors.allowed_origins = {"*a*b*c"};
  EXPECT_TRUE(cors.allows_origin("xxaxbbxc"));
  EXPECT_FALSE(cors.allows_origin("xxaxbbx"));
}

struct GrpcTarget {
  const char* yaml;
  const char* host;
  int port;
  bool use_tls;
};

TEST(NetConfig, grpc_endpoints) {
  const GrpcTarget targets[] = {
      {"endpoint: collector:4317", "collector", 4317, true},
      {"endpoint: collector:4317\ntls: {insecure: true}", "collector", 4317, false},
      {"endpoint: https://collector:4317\ntls: {insecure: true}", "collector", 4317, true},
      {"endpoint: http://collector:4317", "collector", 4317, false},
      {"endpoint: http://collector:4317/", "collector", 4317, false},
      {"endpoint: http://collector:4317\ntls: {ca_file: /ca.pem}", "collector", 4317, true},
      {"endpoint: collector:4317\ntls: {insecure: true, ca_file: /ca.pem}", "collector", 4317, true},
      {"endpoint: dns:///collector:4317\ntls: {insecure: true}", "collector", 4317, false},
      {"endpoint: dns://8.8.8.8/collector:4317", "collector", 4317, true},
      {"endpoint: dns:collector:4317", "collector", 4317, true},
      {"endpoint: passthrough:///10.0.0.1:4317", "10.0.0.1", 4317, true},
      {"endpoint: \"[::1]:4317\"", "::1", 4317, true},
      {"endpoint: unix:///run/otel.sock", "unix:/run/otel.sock", 0, true},
  };
  for (const GrpcTarget& target : targets) {
    GrpcClientConfig client;
    EXPECT_EQ(decode_text(target.yaml, decode_grpc_client, client), "") << target.yaml;
    EXPECT_EQ(client.host, target.host) << target.yaml;
    EXPECT_EQ(client.port, target.port) << target.yaml;
    EXPECT_EQ(client.use_tls, target.use_tls) << target.yaml;
  }
  for (const char* bad : {"endpoint: collector", "endpoint: dummy", "endpoint: dns://", "endpoint: \":4317\"", "endpoint: a:b", "{}"}) {
    GrpcClientConfig client;
    EXPECT_NE(decode_text(bad, decode_grpc_client, client), "") << bad;
  }
}

TEST(NetConfig, grpc_client_takes_every_key) {
  GrpcClientConfig client;
  client.compression = Compression::gzip;
  std::string errors = decode_text(R"(
endpoint: collector:4317
compression: zstd
tls: {insecure: true, server_name_override: other, insecure_skip_verify: true}
headers: {X-Tenant-Id: t-1}
keepalive: {time: 20s, timeout: 30s, permit_without_stream: true}
balancer_name: round_robin
wait_for_ready: true
authority: name.test
read_buffer_size: 123
write_buffer_size: 345
auth: {authenticator: bearertokenauth}
)",
                                   decode_grpc_client, client);
  EXPECT_EQ(errors, "");
  EXPECT_EQ(client.compression, Compression::zstd);
  EXPECT_EQ(client.headers, (HeaderList{{"x-tenant-id", "t-1"}}));
  SystemClock clock;
  auto settings = client_settings(client, clock);
  ASSERT_TRUE(settings.is_ok());
  EXPECT_FALSE(settings->allow_http1);
  EXPECT_TRUE(settings->allow_http2);
  EXPECT_EQ(settings->tls, nullptr);
  EXPECT_EQ(settings->authority, "name.test");
  EXPECT_EQ(settings->keepalive_time_ms, 20'000);
  EXPECT_EQ(settings->keepalive_timeout_ms, 30'000);
  EXPECT_TRUE(settings->keepalive_without_stream);
  EXPECT_EQ(settings->write_buffer_bytes, 345u);
}

TEST(NetConfig, headers_may_be_a_list_and_may_not_smuggle_lines) {
  GrpcClientConfig client;
  EXPECT_EQ(decode_text("endpoint: a:1\nheaders: [{name: X-A, value: one}, {name: X-B, value: two}]", decode_grpc_client, client), "");
  EXPECT_EQ(client.headers, (HeaderList{{"x-a", "one"}, {"x-b", "two"}}));
  std::string errors = decode_text("endpoint: a:1\nheaders: {X-A: \"one\\r\\nEvil: yes\"}", decode_grpc_client, client);
  EXPECT_NE(errors.find("has characters that no header may have"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("Evil"), std::string::npos) << "a header's value is a secret: " << errors;
}

TEST(NetConfig, compressions_that_are_not_there_are_named) {
  HttpClientConfig client;
  std::string errors = decode_text("endpoint: http://a\ncompression: snappy", decode_http_client, client);
  EXPECT_NE(errors.find("snappy is not in this build"), std::string::npos) << errors;
  errors = decode_text("endpoint: http://a\ncompression: squeeze", decode_http_client, client);
  EXPECT_NE(errors.find("found \"squeeze\""), std::string::npos) << errors;
  client.compression = Compression::gzip;
  EXPECT_EQ(decode_text("endpoint: http://a\ncompression: none", decode_http_client, client), "");
  EXPECT_EQ(client.compression, Compression::none);
}

TEST(NetConfig, http_client_takes_every_key) {
  HttpClientConfig client;
  std::string errors = decode_text(R"(
endpoint: http://collector:4318/base
timeout: 7s
compression: gzip
compression_params: {level: 6}
encoding: json
headers: {X-Workspace-Id: w}
proxy_url: http://proxy:3128
max_idle_conns: 10
max_idle_conns_per_host: 5
max_conns_per_host: 3
idle_conn_timeout: 30s
disable_keep_alives: false
force_attempt_http2: true
http2_read_idle_timeout: 11s
http2_ping_timeout: 12s
read_buffer_size: 1
write_buffer_size: 2
cookies: {enabled: true}
tls: {insecure_skip_verify: true}
auth: {authenticator: basicauth/client}
)",
                                   decode_http_client, client);
  EXPECT_EQ(errors, "");
  EXPECT_EQ(client.compression_level, 6);
  EXPECT_EQ(client.encoding, BodyEncoding::json);
  SystemClock clock;
  auto url = HttpUrl::parse(client.endpoint);
  ASSERT_TRUE(url.is_ok());
  EXPECT_EQ(url->path, "/base");
  auto settings = client_settings(client, *url, clock);
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(settings->host, "collector");
  EXPECT_EQ(settings->port, 4318);
  EXPECT_FALSE(settings->allow_http2);
  EXPECT_EQ(settings->tls, nullptr);
  EXPECT_EQ(settings->proxy_url, "http://proxy:3128");
  EXPECT_EQ(settings->max_connections_per_loop, 3u);
  EXPECT_EQ(settings->idle_connection_timeout_ms, 30'000);
  EXPECT_EQ(settings->keepalive_time_ms, 11'000);
  EXPECT_EQ(settings->keepalive_timeout_ms, 12'000);
}

TEST(NetConfig, urls) {
  auto url = HttpUrl::parse("https://host.test");
  ASSERT_TRUE(url.is_ok());
  EXPECT_TRUE(url->is_https);
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "");
  url = HttpUrl::parse("http://[::1]:4318?a=b#part");
  ASSERT_TRUE(url.is_ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 4318);
  EXPECT_EQ(url->path, "/?a=b");
  url = HttpUrl::parse("http://[fe80::2]/v1");
  ASSERT_TRUE(url.is_ok());
  EXPECT_EQ(url->host, "fe80::2");
  EXPECT_EQ(url->port, 80);
  for (const char* bad :
       {"", "host:4318", "ftp://host", "http://", "http://:80", "http://user:word@host", "http://host:x", "http://host:99999"})
    EXPECT_FALSE(HttpUrl::parse(bad).is_ok()) << bad;
}

class DoorKeeper final : public Extension, public ServerAuthenticator {
 public:
  Result<std::string> authenticate(const std::function<std::string_view(std::string_view)>&) const override { return std::string(); }
};

TEST(NetConfig, authenticators_are_found_under_both_spellings_and_by_role) {
  SystemClock clock;
  SystemFiles files;
  MemoryLedger ledger;
  MetricRegistry metrics;
  net::LoopGroup loops(clock, 1);
  auto resolver = net::Resolver::create(loops);
  DoorKeeper keeper;
  auto find = [&](const ComponentId& id) -> Extension* { return id.to_string() == "bearertokenauth/a" ? &keeper : nullptr; };
  net::BackgroundLoop background(clock);
  Context context{{}, Logger(), metrics, clock, files, ledger, loops, background, *resolver, find, [](const std::string&, int) {}, "test"};
  EXPECT_TRUE(find_server_authenticator(context, {"bearertokenauth", "a"}).is_ok());
  EXPECT_TRUE(find_server_authenticator(context, {"bearertoken", "a"}).is_ok());
  auto missing = find_server_authenticator(context, {"oidc", ""});
  ASSERT_FALSE(missing.is_ok());
  EXPECT_NE(missing.status().message().find("\"oidc\": it is not among service::extensions"), std::string::npos);
  EXPECT_FALSE(find_client_authenticator(context, {"bearertokenauth", "a"}).is_ok());
}

}  // namespace
}  // namespace vigia::pipeline
