// TLS as operators use it: a client without the certificate that mTLS asks for is turned away, a renewed certificate is
// served to new connections without a restart, half-written files change nothing, and a server that is not who it says
// it is is not trusted.

#include "net/tls.h"

#include <gtest/gtest.h>

#include <future>

#include "base/file.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_certificates.h"
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
  EXPECT_FALSE(ask(trusting(test_certificate_pem())).is_ok()) << "no certificate";
  TlsSettings with_wrong = trusting(test_certificate_pem());
  with_wrong.cert_pem = test_certificate_pem();
  with_wrong.key_pem = test_key_pem();
  EXPECT_FALSE(ask(with_wrong).is_ok()) << "of another authority";
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
  EXPECT_NE(context_->last_error(), "");
  write("cert.pem", other_certificate_pem());
  write("key.pem", other_key_pem());
  EXPECT_TRUE(ask(trusting(test_certificate_pem())).is_ok()) << "not due yet";
  clock_.advance_ms(2000);
  EXPECT_FALSE(ask(trusting(test_certificate_pem())).is_ok());
  EXPECT_TRUE(ask(trusting(other_certificate_pem())).is_ok());
  EXPECT_EQ(context_->last_error(), "");
}

TEST_F(TlsTest, WrongFilesAreToldByName) {
  TlsSettings settings;
  settings.cert_file = path("missing.pem");
  settings.key_file = path("key.pem");
  auto context = TlsServerContext::create(settings, clock_);
  ASSERT_FALSE(context.is_ok());
  EXPECT_NE(context.status().message().find("missing.pem"), std::string::npos) << context.status().to_string();
  settings = {};
  settings.cert_pem = test_certificate_pem();
  settings.key_pem = other_key_pem();
  EXPECT_FALSE(TlsServerContext::create(settings, clock_).is_ok()) << "a key of another certificate";
}

}  // namespace
}  // namespace vigia::net
