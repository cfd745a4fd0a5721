// The part of net_config.h about TLS.

#include <utility>

#include "pipeline/net_config.h"

namespace vigia::pipeline {

namespace {

void decode_pem_sources(config::Section& section, net::TlsSettings& tls) {
  section.field("ca_file", tls.ca_file);
  section.field("cert_file", tls.cert_file);
  section.field("key_file", tls.key_file);
  section.secret("ca_pem", tls.ca_pem);
  section.secret("cert_pem", tls.cert_pem);
  section.secret("key_pem", tls.key_pem);
  section.require(tls.ca_file.empty() || tls.ca_pem.empty(), "ca_pem", "ca_file and ca_pem cannot both be given");
  section.require(tls.cert_file.empty() || tls.cert_pem.empty(), "cert_pem", "cert_file and cert_pem cannot both be given");
  section.require(tls.key_file.empty() || tls.key_pem.empty(), "key_pem", "key_file and key_pem cannot both be given");
  bool has_certificate = !tls.cert_file.empty() || !tls.cert_pem.empty();
  bool has_key = !tls.key_file.empty() || !tls.key_pem.empty();
  section.require(has_certificate == has_key, has_certificate ? "cert_file" : "key_file",
                  has_certificate ? "a certificate needs its key: key_file or key_pem is missing"
                                  : "a key needs its certificate: cert_file or cert_pem is missing");
}

void decode_tls_version(config::Section& section, std::string_view key, std::string& version) {
  if (!section.field(key, version)) return;
  bool is_known = version.empty() || version == "1.0" || version == "1.1" || version == "1.2" || version == "1.3";
  section.require(is_known, key, "expected a TLS version (1.0, 1.1, 1.2 or 1.3), found \"" + version + "\"");
}

// Whether all of these can be read and are no longer than certificates ever are.
Status check_readable(FileSystem& files, const std::vector<std::string>& paths) {
  constexpr size_t most_bytes = 16 << 20;
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    if (Result<std::string> text = files.read_small_file(path, most_bytes); !text.is_ok()) return std::move(text).status();
  }
  return {};
}

// Whether the network layer can do something with these settings. What it makes of them is thrown away.
Status try_tls(const net::TlsSettings& tls) {
  SystemClock clock;
  auto context = net::TlsClientContext::create(tls, clock);
  return context.is_ok() ? Status() : std::move(context).status();
}

void check_cipher_suites(config::Section& section, const std::vector<std::string>& suites) {
  net::TlsSettings tls;
  tls.cipher_suites = suites;
  if (Status status = try_tls(tls); !status.is_ok()) section.error("cipher_suites", status.message());
}

void decode_tls_shared(config::Section& section, net::TlsSettings& tls) {
  decode_pem_sources(section, tls);
  section.field("include_system_ca_certs_pool", tls.include_system_ca_certs_pool);
  decode_tls_version(section, "min_version", tls.min_version);
  decode_tls_version(section, "max_version", tls.max_version);
  bool is_ordered = tls.min_version.empty() || tls.max_version.empty() || tls.min_version <= tls.max_version;
  section.require(is_ordered, "min_version", "min_version is above max_version");
  if (section.field("cipher_suites", tls.cipher_suites)) check_cipher_suites(section, tls.cipher_suites);
  section.duration_ms("reload_interval", tls.reload_interval_ms);
  section.accept_ignored("curve_preferences");
  section.accept_ignored("include_insecure_cipher_suites");
  section.refuse("tpm", "keys in a TPM are not in this build");
}

}  // namespace

void decode_tls_server(config::Section& section, net::TlsSettings& tls) {
  decode_tls_shared(section, tls);
  section.field("client_ca_file", tls.client_ca_file);
  section.field("client_ca_file_reload", tls.client_ca_file_reload);
  bool has_certificate = !tls.cert_file.empty() || !tls.cert_pem.empty();
  if (!has_certificate && tls.key_file.empty() && tls.key_pem.empty())
    section.error("a server needs a certificate: cert_file and key_file are missing");
  check_tls_files(section, tls);
}

void check_tls_files(config::Section& section, const net::TlsSettings& tls) {
  for (auto [key, path] : {std::pair("ca_file", &tls.ca_file), std::pair("client_ca_file", &tls.client_ca_file),
                           std::pair("cert_file", &tls.cert_file), std::pair("key_file", &tls.key_file)})
    section.check_when_used(key, [path = *path](FileSystem& files) { return check_readable(files, {path}); });

  auto check = [&](std::string_view key, const net::TlsSettings& part) {
    section.check_when_used(key, [part](FileSystem& files) {
      bool is_readable = check_readable(files, {part.ca_file, part.cert_file, part.key_file}).is_ok();
      return is_readable ? try_tls(part) : Status();  // what cannot be read has been told at its own key
    });
  };
  net::TlsSettings authority, client_authority, certificate;
  authority.ca_file = tls.ca_file;
  authority.ca_pem = tls.ca_pem;
  client_authority.ca_file = tls.client_ca_file;
  certificate.cert_file = tls.cert_file;
  certificate.cert_pem = tls.cert_pem;
  certificate.key_file = tls.key_file;
  certificate.key_pem = tls.key_pem;
  if (!tls.ca_file.empty() || !tls.ca_pem.empty()) check(tls.ca_file.empty() ? "ca_pem" : "ca_file", authority);
  if (!tls.client_ca_file.empty()) check("client_ca_file", client_authority);
  // A certificate without its key has been refused before.
  bool is_whole = (!tls.cert_file.empty() || !tls.cert_pem.empty()) && (!tls.key_file.empty() || !tls.key_pem.empty());
  if (is_whole) check(tls.cert_file.empty() ? "cert_pem" : "cert_file", certificate);
}

void decode_tls_client(config::Section& section, TlsClientConfig& tls) {
  decode_tls_shared(section, tls.settings);
  section.field("insecure", tls.insecure);
  section.field("insecure_skip_verify", tls.settings.insecure_skip_verify);
  section.field("server_name_override", tls.settings.server_name_override);
}

}  // namespace vigia::pipeline
