#pragma once

// How targets and discovery are reached over HTTP: the keys that Prometheus allows in every job and in http_sd_configs.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/section.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "pipeline/component.h"

namespace vigia::receivers {

struct HttpSettings {
  net::TlsSettings tls;
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::string proxy_url;
  std::string no_proxy;
  bool proxy_from_environment = false;

  // Authorization: "" is none, "Basic" takes user and password, everything else the credentials. Of a value and its file one is given.
  std::string authorization_type;
  std::string credentials, credentials_file;
  std::string username, username_file;
  std::string password, password_file;

  std::vector<std::pair<std::string, std::string>> headers;       // lower-case names
  std::vector<std::pair<std::string, std::string>> header_files;  // names and files that hold the values

  // Whether a request must wait for files to be read.
  bool has_files() const { return !credentials_file.empty() || !username_file.empty() || !password_file.empty() || !header_files.empty(); }
};

void decode_http_settings(config::Section& section, HttpSettings& out);

// Adds what the settings say, with the files read now. Blocks when has_files().
Status add_configured_headers(const HttpSettings& settings, FileSystem& files, net::Headers& headers);

// For one server. Reads certificates, so that it may fail.
Result<net::ClientSettings> client_settings(const HttpSettings& settings, const pipeline::Context& context, bool is_https,
                                            const std::string& host, int port);

}  // namespace vigia::receivers
