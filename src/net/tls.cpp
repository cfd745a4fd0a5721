#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fmt/core.h>

#include "base/file.h"
#include "net/tls_files_internal.h"

namespace vigia::net {

namespace {

struct ContextFreer {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct BioFreer {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFreer>;
struct CertificateFreer {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificatePointer = std::unique_ptr<X509, CertificateFreer>;
struct KeyFreer {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, KeyFreer>;

Status tls_failure(std::string_view what) {
  unsigned long code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return invalid_argument(fmt::format("{}: {}", what, reason ? reason : "unknown error"));
}

Result<int> version_number(const std::string& text, int when_empty) {
  if (text.empty()) return when_empty;
  if (text == "1.0") return TLS1_VERSION;
  if (text == "1.1") return TLS1_1_VERSION;
  if (text == "1.2") return TLS1_2_VERSION;
  if (text == "1.3") return TLS1_3_VERSION;
  return invalid_argument(fmt::format("unknown TLS version \"{}\"; known are 1.0, 1.1, 1.2 and 1.3", text));
}

Bio memory_bio(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// A PEM text, and what to call it in errors.
struct Pem {
  std::string text;
  std::string name;
};

// From the file, or else the setting's own text.
Result<Pem> load_pem(std::string_view what, const std::string& file, const std::string& text, std::string_view setting) {
  if (file.empty()) return Pem{text, std::string(setting)};
  auto content = SystemFiles().read_file(file);
  if (!content.is_ok()) return invalid_argument(fmt::format("cannot read the {}: {}", what, content.status().message()));
  return Pem{std::move(*content), file};
}

Status not_pem(std::string_view what, const Pem& pem, std::string_view marker) {
  if (pem.text.find(marker) != std::string::npos) return tls_failure(fmt::format("cannot read the {} {}", what, pem.name));
  ERR_clear_error();
  return invalid_argument(fmt::format("cannot read the {0} {1}: there is no PEM {0} in it", what, pem.name));
}

// Each certificate of the text in turn. An error when there is none, or a broken one.
Status for_each_certificate(const Pem& pem, const std::function<Status(X509&)>& use) {
  Bio bio = memory_bio(pem.text);
  size_t count = 0;
  while (CertificatePointer certificate{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)}) {
    RETURN_IF_ERROR(use(*certificate));
    count++;
  }
  bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (count == 0 || !is_at_end) return not_pem("certificate", pem, "CERTIFICATE-----");
  ERR_clear_error();
  return {};
}

Status use_chain(SSL_CTX* context, const Pem& pem) {
  bool is_leaf = true;
  return for_each_certificate(pem, [&](X509& certificate) -> Status {
    int used = is_leaf ? SSL_CTX_use_certificate(context, &certificate) : static_cast<int>(SSL_CTX_add1_chain_cert(context, &certificate));
    is_leaf = false;
    return used == 1 ? Status() : tls_failure("cannot use the certificate " + pem.name);
  });
}

// Called when a key is encrypted; we have no passphrase to give.
int note_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

Status use_key(SSL_CTX* context, const Pem& pem, std::string_view certificate_name) {
  Bio bio = memory_bio(pem.text);
  bool is_encrypted = false;
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, note_passphrase, &is_encrypted));
  if (is_encrypted) {
    ERR_clear_error();
    return invalid_argument(
        fmt::format("cannot read the private key {}: it is encrypted, and a key without a passphrase is needed", pem.name));
  }
  if (!key) return not_pem("private key", pem, "PRIVATE KEY-----");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return tls_failure(fmt::format("the key {} does not belong to the certificate {}", pem.name, certificate_name));
  return {};
}

Status use_certificate(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.cert_file.empty() && settings.cert_pem.empty()) return {};
  ASSIGN_OR_RETURN(Pem certificate, load_pem("certificate", settings.cert_file, settings.cert_pem, "cert_pem"));
  RETURN_IF_ERROR(use_chain(context, certificate));
  ASSIGN_OR_RETURN(Pem key, load_pem("private key", settings.key_file, settings.key_pem, "key_pem"));
  return use_key(context, key, certificate.name);
}

Status trust(SSL_CTX* context, const std::string& file, const std::string& pem, std::string_view setting, bool with_system) {
  bool has_own = !file.empty() || !pem.empty();
  if (with_system || !has_own) SSL_CTX_set_default_verify_paths(context);
  if (!has_own) return {};
  ASSIGN_OR_RETURN(Pem authorities, load_pem("certificate authority", file, pem, setting));
  return for_each_certificate(authorities, [&](X509& certificate) -> Status {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), &certificate);
    SSL_CTX_add_client_CA(context, &certificate);  // a server tells clients whom it trusts; a client's list is not looked at
    return {};
  });
}

Status set_ciphers(SSL_CTX* context, const std::vector<std::string>& suites) {
  if (suites.empty()) return {};
  // The Collector names suites as IANA does; TLS 1.2's go into one OpenSSL list by their OpenSSL names.
  std::string list;
  for (const std::string& suite : suites) {
    bool found = false;
    STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
      const char* standard = SSL_CIPHER_standard_name(cipher);
      if (suite != SSL_CIPHER_get_name(cipher) && (!standard || suite != standard)) continue;
      list += (list.empty() ? "" : ":") + std::string(SSL_CIPHER_get_name(cipher));
      found = true;
    }
    if (!found) return invalid_argument("unknown TLS cipher suite \"" + suite + "\"");
  }
  if (SSL_CTX_set_cipher_list(context, list.c_str()) != 1) return tls_failure("cannot use the cipher suites");
  return {};
}

Result<ContextPointer> new_context(const TlsSettings& settings, bool is_server) {
  ContextPointer context(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()), ContextFreer());
  if (!context) return tls_failure("cannot set TLS up");
  ASSIGN_OR_RETURN(int lowest, version_number(settings.min_version, TLS1_2_VERSION));
  ASSIGN_OR_RETURN(int highest, version_number(settings.max_version, 0));
  SSL_CTX_set_min_proto_version(context.get(), lowest);
  SSL_CTX_set_max_proto_version(context.get(), highest);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  RETURN_IF_ERROR(set_ciphers(context.get(), settings.cipher_suites));
  RETURN_IF_ERROR(use_certificate(context.get(), settings));
  return context;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered, unsigned offered_length,
                    void*) {
  static constexpr unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, length, ours, sizeof ours - 1, offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

// Whoever resumes a session shows no certificate, and OpenSSL does not ask whether the one of then has expired meanwhile.
void refuse_old_sessions(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

Result<ContextPointer> server_context(const TlsSettings& settings) {
  if (settings.cert_file.empty() && settings.cert_pem.empty()) return invalid_argument("TLS on a server needs cert_file and key_file");
  ASSIGN_OR_RETURN(ContextPointer context, new_context(settings, true));
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("vigia"), 5);
  if (!settings.client_ca_file.empty()) {
    RETURN_IF_ERROR(trust(context.get(), settings.client_ca_file, "", "client_ca_file", false));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    refuse_old_sessions(context.get());
  }
  return context;
}

Result<ContextPointer> client_context(const TlsSettings& settings) {
  ASSIGN_OR_RETURN(ContextPointer context, new_context(settings, false));
  RETURN_IF_ERROR(trust(context.get(), settings.ca_file, settings.ca_pem, "ca_pem", settings.include_system_ca_certs_pool));
  SSL_CTX_set_verify(context.get(), settings.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  return context;
}

class ServerContext final : public TlsServerContext {
 public:
  ServerContext(const TlsSettings& settings, const Clock& clock, ContextPointer first)
      : context_(
            settings, clock, [settings] { return server_context(settings); }, std::move(first)) {}

  ssl_st* new_session(const Logger& log) override {
    SSL* session = SSL_new(context_.current(log).get());
    CHECK(session != nullptr);
    SSL_set_accept_state(session);
    return session;
  }

 private:
  TlsFiles context_;
};

class ClientContext final : public TlsClientContext {
 public:
  ClientContext(const TlsSettings& settings, const Clock& clock, ContextPointer first)
      : settings_(settings),
        context_(
            settings, clock, [settings] { return client_context(settings); }, std::move(first)) {}

  Result<ssl_st*> new_session(const std::string& host, const std::vector<std::string>& alpn, const Logger& log) override {
    SSL* session = SSL_new(context_.current(log).get());
    CHECK(session != nullptr);
    SSL_set_connect_state(session);
    const std::string& name = settings_.server_name_override.empty() ? host : settings_.server_name_override;
    unsigned char number[16];
    bool is_number = inet_pton(AF_INET, name.c_str(), number) == 1 || inet_pton(AF_INET6, name.c_str(), number) == 1;
    if (!is_number) SSL_set_tlsext_host_name(session, name.c_str());
    if (!settings_.insecure_skip_verify) {
      X509_VERIFY_PARAM* parameters = SSL_get0_param(session);
      int set = is_number ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str())
                          : X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
      if (set != 1) {
        SSL_free(session);
        return invalid_argument("cannot verify a server by the name \"" + name + "\"");
      }
    }
    std::string protocols;
    for (const std::string& protocol : alpn) protocols += static_cast<char>(protocol.size()) + protocol;
    SSL_set_alpn_protos(session, reinterpret_cast<const unsigned char*>(protocols.data()), static_cast<unsigned>(protocols.size()));
    return session;
  }

 private:
  const TlsSettings settings_;
  TlsFiles context_;
};

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::create(const TlsSettings& settings, const Clock& clock) {
  ASSIGN_OR_RETURN(ContextPointer context, server_context(settings));
  return std::shared_ptr<TlsServerContext>(std::make_shared<ServerContext>(settings, clock, std::move(context)));
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::create(const TlsSettings& settings, const Clock& clock) {
  ASSIGN_OR_RETURN(ContextPointer context, client_context(settings));
  return std::shared_ptr<TlsClientContext>(std::make_shared<ClientContext>(settings, clock, std::move(context)));
}

}  // namespace vigia::net
