// TLS as operators use it: a client without the certificate that mTLS asks for is turned away, a renewed certificate is
// served to new connections without a restart, half-written files change nothing, and a server that is not who it says
// it is is not trusted.

#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <future>

#include "base/file.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_certificates.h"
#include "net/test_raw_peer.h"
#include "net/test_session.h"

namespace vigia::net {
namespace {

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "vigia-tls-" + std::to_string(::getpid());
    ASSERT_TRUE(files_.create_directories(directory_).is_ok());
    write("cert.pem", test_certificate_pem());
    write("key.pem", test_key_pem());
    loops_.start();
  }
  void TearDown() override {
    for (auto& client : clients_) {
      std::promise<void> closed;
      client->close([&] { closed.set_value(); });
      closed.get_future().wait();
    }
    if (server_) {
      std::promise<void> drained;
      server_->drain(1000, [&] { drained.set_value(); });
      drained.get_future().wait();
    }
    loops_.stop();
  }
  std::string path(const std::string& name) { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) { ASSERT_TRUE(files_.write_file_atomically(path(name), text).is_ok()); }

  void serve(TlsSettings tls) {
    tls.cert_file = path("cert.pem");
    tls.key_file = path("key.pem");
    auto context = TlsServerContext::create(tls, clock_);
    ASSERT_TRUE(context.is_ok()) << context.status().to_string();
    context_ = *context;
    ServerSettings settings;
    settings.endpoint = "127.0.0.1:0";
    settings.tls = context_;
    auto server = HttpServer::start(settings, service_, loops_, ledger_, Logger());
    ASSERT_TRUE(server.is_ok());
    server_ = std::move(*server);
  }
  // What a fresh connection with these settings gets.
  Result<ClientResponse> ask(TlsSettings tls) {
    auto context = TlsClientContext::create(tls, system_clock_);
    if (!context.is_ok()) return context.status();
    ClientSettings settings;
    settings.host = "127.0.0.1";
    settings.port = server_->port();
    settings.tls = *context;
    clients_.push_back(HttpClient::create(settings, loops_, *resolver_, ledger_, Logger()));
    std::promise<Result<ClientResponse>> promise;
    loops_.at(0).post([&] {
      ClientRequest request;
      request.timeout_ms = 10'000;
      clients_.back()->send(std::move(request), [&](Result<ClientResponse> result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }
  TlsSettings trusting(const std::string& certificate) {
    TlsSettings tls;
    tls.ca_pem = certificate;
    return tls;
  }

  SystemFiles files_;
  SystemClock system_clock_;
  ManualClock clock_;  // the server's: says when a reload is due
  MemoryLedger ledger_;
  LoopGroup loops_{system_clock_, 1};
  std::unique_ptr<Resolver> resolver_ = Resolver::create(loops_);
  TestService service_{ledger_};
  std::string directory_;
  std::shared_ptr<TlsServerContext> context_;
  std::unique_ptr<HttpServer> server_;
  std::vector<std::shared_ptr<HttpClient>> clients_;
};

TEST_F(TlsTest, AServerNobodyVouchesForIsNotTrusted) {
  serve({});
  auto answer = ask({});
  ASSERT_FALSE(answer.is_ok());
  EXPECT_NE(answer.status().message().find("self-signed"), std::string::npos) << answer.status().to_string();
  TlsSettings wrong_name = trusting(test_certificate_pem());
  wrong_name.server_name_override = "example.com";
  EXPECT_FALSE(ask(wrong_name).is_ok());
  EXPECT_TRUE(ask(trusting(test_certificate_pem())).is_ok());
  TlsSettings careless;
  careless.insecure_skip_verify = true;
  EXPECT_TRUE(ask(careless).is_ok());
}

TEST_F(TlsTest, MutualTlsAsksForACertificate) {
  write("clients.pem", other_certificate_pem());
  TlsSettings mutual;
  mutual.client_ca_file = path("clients.pem");
  serve(mutual);
  auto without = ask(trusting(test_certificate_pem()));
  ASSERT_FALSE(without.is_ok());
  EXPECT_NE(without.status().message().find("the server requires a client certificate"), std::string::npos) << without.status().to_string();
  TlsSettings with_wrong = trusting(test_certificate_pem());
  with_wrong.cert_pem = test_certificate_pem();
  with_wrong.key_pem = test_key_pem();
  auto with_wrong_answer = ask(with_wrong);
  ASSERT_FALSE(with_wrong_answer.is_ok()) << "of another authority";
  EXPECT_NE(with_wrong_answer.status().message().find("unknown CA"), std::string::npos) << with_wrong_answer.status().to_string();
  TlsSettings with_right = trusting(test_certificate_pem());
  with_right.cert_pem = other_certificate_pem();
  with_right.key_pem = other_key_pem();
  auto answer = ask(with_right);
  EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
}

TEST_F(TlsTest, ARenewedCertificateIsServedWithoutARestart) {
  TlsSettings reloading;
  reloading.reload_interval_ms = 1000;
  serve(reloading);
  EXPECT_TRUE(ask(trusting(test_certificate_pem())).is_ok());
  write("cert.pem", "half a file");
  clock_.advance_ms(2000);
  EXPECT_TRUE(ask(trusting(test_certificate_pem())).is_ok()) << "the old one serves on";
  write("cert.pem", other_certificate_pem());
  write("key.pem", other_key_pem());
  EXPECT_TRUE(ask(trusting(test_certificate_pem())).is_ok()) << "not due yet";
  clock_.advance_ms(2000);
  EXPECT_FALSE(ask(trusting(test_certificate_pem())).is_ok());
  EXPECT_TRUE(ask(trusting(other_certificate_pem())).is_ok());
}

TEST_F(TlsTest, WrongFilesAreToldByNameAndReason) {
  write("other.pem", other_key_pem());
  write("noise.pem", "not a certificate");
  write("locked.pem", encrypted_key_pem());
  struct Case {
    std::string cert, key, client_ca;
    std::vector<std::string> words;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"missing.pem", "key.pem", "", {"certificate", "missing.pem", "No such file"}},
           {"cert.pem", "missing.pem", "", {"key", "missing.pem", "No such file"}},
           {"noise.pem", "key.pem", "", {"noise.pem", "no PEM certificate"}},
           {"cert.pem", "noise.pem", "", {"noise.pem", "no PEM private key"}},
           {"cert.pem", "other.pem", "", {"other.pem", "does not belong to the certificate", "cert.pem"}},
           {"cert.pem", "locked.pem", "", {"locked.pem", "encrypted"}},
           {"cert.pem", "key.pem", "missing.pem", {"certificate authority", "missing.pem", "No such file"}},
           {"cert.pem", "key.pem", "noise.pem", {"noise.pem", "no PEM certificate"}},
       }) {
    TlsSettings settings;
    settings.cert_file = path(one.cert);
    settings.key_file = path(one.key);
    if (!one.client_ca.empty()) settings.client_ca_file = path(one.client_ca);
    auto context = TlsServerContext::create(settings, clock_);
    ASSERT_FALSE(context.is_ok()) << one.cert << " " << one.key << " " << one.client_ca;
    for (const std::string& word : one.words)
      EXPECT_NE(context.status().message().find(word), std::string::npos) << word << " is not in: " << context.status().to_string();
  }
  TlsSettings texts;
  texts.cert_pem = test_certificate_pem();
  texts.key_pem = other_key_pem();
  auto mismatched = TlsServerContext::create(texts, clock_);
  ASSERT_FALSE(mismatched.is_ok());
  EXPECT_NE(mismatched.status().message().find("key_pem does not belong to the certificate cert_pem"), std::string::npos)
      << mismatched.status().to_string();
}

TEST_F(TlsTest, APeerThatTakesSmallRecordsOnlyGetsEverything) {
  serve({});
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  ASSERT_EQ(SSL_CTX_set_tlsext_max_fragment_length(context.get(), TLSEXT_max_fragment_length_512), 1);
  std::unique_ptr<SSL, void (*)(SSL*)> session(SSL_new(context.get()), SSL_free);
  RawPeer peer = RawPeer::connect(server_->port());
  SSL_set_fd(session.get(), peer.descriptor());
  ASSERT_EQ(SSL_connect(session.get()), 1);
  std::string path = "/" + std::string(50'000, 'p');  // which comes back
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  ASSERT_GT(SSL_write(session.get(), request.data(), static_cast<int>(request.size())), 0);
  std::string answer;
  char block[4096];
  for (int count = 0; (count = SSL_read(session.get(), block, sizeof block)) > 0;) answer.append(block, static_cast<size_t>(count));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(answer.ends_with("ok " + path)) << answer.size() << " bytes came";
}

}  // namespace
}  // namespace vigia::net
