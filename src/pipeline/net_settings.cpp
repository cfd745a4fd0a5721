// The second half of net_config.h: from decoded configuration to settings of the network layer.

#include "pipeline/net_config.h"

namespace vigia::pipeline {

namespace {

Status load_server_tls(const std::optional<net::TlsSettings>& tls, const Clock& clock, net::ServerSettings& settings) {
  if (!tls) return {};
  ASSIGN_OR_RETURN(settings.tls, net::TlsServerContext::create(*tls, clock));
  return {};
}

// Puts a value that was configured, and leaves the network layer's default when it is 0.
template <typename To, typename From>
void set_if_given(To& to, From from) {
  if (from != 0) to = static_cast<To>(from);
}

// The extension, also when it is declared under the other spelling of its type.
Extension* find_authenticator(const Context& context, const ComponentId& id) {
  for (const std::string& type : spellings_of(id.type))
    if (Extension* extension = context.find_extension({type, id.name})) return extension;
  return nullptr;
}

template <typename Role>
Result<const Role*> find_in_role(const Context& context, const ComponentId& id, std::string_view role) {
  Extension* extension = find_authenticator(context, id);
  if (!extension) return not_found("cannot find the authenticator \"" + id.to_string() + "\": it is not among service::extensions");
  if (const Role* found = dynamic_cast<const Role*>(extension)) return found;
  return Status(StatusCode::failed_precondition, "cannot use the extension \"" + id.to_string() + "\" as " + std::string(role));
}

}  // namespace

std::vector<std::string> spellings_of(const std::string& extension_type) {
  if (extension_type == "bearertoken") return {extension_type, "bearertokenauth"};
  if (extension_type == "bearertokenauth") return {extension_type, "bearertoken"};
  return {extension_type};
}

Result<net::ServerSettings> server_settings(const GrpcServerConfig& server, const Clock& clock) {
  net::ServerSettings settings;
  settings.endpoint = server.endpoint;
  RETURN_IF_ERROR(load_server_tls(server.tls, clock, settings));
  set_if_given(settings.max_concurrent_streams, server.max_concurrent_streams);
  set_if_given(settings.max_connection_idle_ms, server.max_connection_idle_ms);
  set_if_given(settings.max_connection_age_ms, server.max_connection_age_ms);
  set_if_given(settings.max_connection_age_grace_ms, server.max_connection_age_grace_ms);
  set_if_given(settings.keepalive_time_ms, server.keepalive_time_ms);
  set_if_given(settings.keepalive_timeout_ms, server.keepalive_timeout_ms);
  set_if_given(settings.min_ping_interval_ms, server.min_ping_interval_ms);
  settings.permit_pings_without_stream = server.permit_pings_without_stream;
  return settings;
}

Result<net::ServerSettings> server_settings(const HttpServerConfig& server, const Clock& clock) {
  net::ServerSettings settings;
  settings.endpoint = server.endpoint;
  RETURN_IF_ERROR(load_server_tls(server.tls, clock, settings));
  set_if_given(settings.header_timeout_ms, server.read_header_timeout_ms);
  set_if_given(settings.idle_timeout_ms, server.idle_timeout_ms);
  set_if_given(settings.write_timeout_ms, server.write_timeout_ms);
  settings.keeps_http1_alive = server.keep_alives_enabled;
  return settings;
}

Result<net::ClientSettings> client_settings(const GrpcClientConfig& client, const Clock& clock) {
  net::ClientSettings settings;
  settings.host = client.host;
  settings.port = client.port;
  settings.authority = client.authority;
  settings.allow_http1 = false;
  settings.allow_http2 = true;
  settings.keepalive_time_ms = client.keepalive_time_ms;
  settings.keepalive_timeout_ms = client.keepalive_timeout_ms;
  settings.keepalive_without_stream = client.keepalive_without_stream;
  set_if_given(settings.write_buffer_bytes, client.write_buffer_bytes);
  if (client.use_tls) {
    ASSIGN_OR_RETURN(settings.tls, net::TlsClientContext::create(client.tls, clock));
  }
  return settings;
}

Result<net::ClientSettings> client_settings(const HttpClientConfig& client, const HttpUrl& url, const Clock& clock) {
  net::ClientSettings settings;
  settings.host = url.host;
  settings.port = url.port;
  settings.proxy_url = client.proxy_url;
  settings.allow_http1 = true;
  // In plain text HTTP/2 would have to be spoken without asking.
  settings.allow_http2 = url.is_https && client.allow_http2;
  set_if_given(settings.max_connections_per_loop, client.max_connections);
  settings.idle_connection_timeout_ms = client.disable_keep_alives ? 1 : client.idle_connection_timeout_ms;
  settings.keepalive_time_ms = client.http2_read_idle_timeout_ms;
  set_if_given(settings.keepalive_timeout_ms, client.http2_ping_timeout_ms);
  set_if_given(settings.write_buffer_bytes, client.write_buffer_bytes);
  if (url.is_https) {
    ASSIGN_OR_RETURN(settings.tls, net::TlsClientContext::create(client.tls.settings, clock));
  }
  return settings;
}

static Status take_proxy_of_environment(const Context& context, bool is_https, net::ClientSettings& settings) {
  if (!context.proxies || !settings.proxy_url.empty() || settings.host.starts_with("unix:")) return {};
  ASSIGN_OR_RETURN(settings.proxy_url, context.proxies->proxy_for(is_https, settings.host, settings.port));
  return {};
}

Result<net::ClientSettings> client_settings(const GrpcClientConfig& client, const Context& context) {
  ASSIGN_OR_RETURN(net::ClientSettings settings, client_settings(client, context.clock));
  RETURN_IF_ERROR(take_proxy_of_environment(context, true, settings));
  return settings;
}

Result<net::ClientSettings> client_settings(const HttpClientConfig& client, const HttpUrl& url, const Context& context) {
  ASSIGN_OR_RETURN(net::ClientSettings settings, client_settings(client, url, context.clock));
  RETURN_IF_ERROR(take_proxy_of_environment(context, url.is_https, settings));
  return settings;
}

Result<const ServerAuthenticator*> find_server_authenticator(const Context& context, const ComponentId& id) {
  return find_in_role<ServerAuthenticator>(context, id, "a server's authenticator");
}

Result<const ClientAuthenticator*> find_client_authenticator(const Context& context, const ComponentId& id) {
  return find_in_role<ClientAuthenticator>(context, id, "a client's authenticator");
}

}  // namespace vigia::pipeline
