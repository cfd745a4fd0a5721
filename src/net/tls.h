#pragma once

// TLS on OpenSSL: what the configuration says, contexts that follow their files, and the state of one connection.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"

struct ssl_st;
struct ssl_ctx_st;

namespace vigia::net {

struct TlsSettings {
  // Files, or the PEM texts themselves.
  std::string ca_file, cert_file, key_file;
  std::string ca_pem, cert_pem, key_pem;
  bool include_system_ca_certs_pool = false;
  std::string min_version = "1.2";
  std::string max_version;  // "" is the newest
  std::vector<std::string> cipher_suites;
  int64_t reload_interval_ms = 0;  // 0: files are read once

  // Servers.
  std::string client_ca_file;          // set: clients must show a certificate that it signed
  bool client_ca_file_reload = false;  // look at that file once a second, whatever reload_interval_ms says
  // Clients.
  bool insecure_skip_verify = false;
  std::string server_name_override;
};

// Certificates of a server, read again when reload_interval has passed and a file changed. Any thread.
class TlsServerContext {
 public:
  // The clock must outlive the context.
  static Result<std::shared_ptr<TlsServerContext>> create(const TlsSettings& settings, const Clock& clock);
  virtual ~TlsServerContext() = default;
  // For a new connection. Changed files are told to the log; those that are of no use leave the old ones in force.
  virtual ssl_st* new_session(const Logger& log) = 0;
};

class TlsClientContext {
 public:
  static Result<std::shared_ptr<TlsClientContext>> create(const TlsSettings& settings, const Clock& clock);
  virtual ~TlsClientContext() = default;
  // A session that will verify `host` and offers `alpn` ("h2", "http/1.1"). The log as above.
  virtual Result<ssl_st*> new_session(const std::string& host, const std::vector<std::string>& alpn, const Logger& log) = 0;
};

}  // namespace vigia::net
