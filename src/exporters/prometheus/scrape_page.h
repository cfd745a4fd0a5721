#pragma once

// The page itself, and the door that it is served at. A reload may have two exporters at one address for a moment: they share the door, and the
// younger one's page is served. When that one goes, the other's is again.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "exporters/prometheus/config.h"
#include "exporters/prometheus/series_table.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "pipeline/page_service.h"

namespace vigia::exporters {

class ScrapePage : public std::enable_shared_from_this<ScrapePage> {
 public:
  ScrapePage(const pipeline::Context& context, const PrometheusConfig& config);

  // REQUIRES: extensions run.
  Status find_authenticator();
  SeriesTable& table() { return table_; }
  // Any thread.
  void serve(net::Request request, std::unique_ptr<net::Responder> responder);
  // Forgets what has expired, now and then, for as long as the page lives.
  void keep_sweeping();

 private:
  void sweep();
  void respond(const net::RequestHead& head, std::unique_ptr<net::Responder> responder);
  Result<net::Response> make_page(const net::RequestHead& head);
  net::Response text(int status, std::string_view message) const;

  const pipeline::Context context_;
  const PrometheusConfig config_;
  const pipeline::ServerAuthenticator* authenticator_ = nullptr;
  SeriesTable table_;
  std::atomic<int> scrapes_{0};
  Counter& refused_scrapes_;
};

class ScrapeDoor final : public pipeline::PageService {
 public:
  using PageService::PageService;

  Status open(const net::ServerSettings& settings, const pipeline::Context& context);
  int port() const { return server_->port(); }
  std::string address() const { return server_->address(); }
  void add(std::shared_ptr<ScrapePage> page);
  // Closes the door behind the last one. `removed` is called once, on any thread.
  void remove(const ScrapePage& page, int64_t grace_ms, Function<void()> removed);
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;

 private:
  std::unique_ptr<net::HttpServer> server_;
  Guarded<std::vector<std::shared_ptr<ScrapePage>>> pages_;
};

// The doors of all exporters of one factory, by what they were opened with.
using ScrapeDoors = Guarded<std::map<std::string, std::weak_ptr<ScrapeDoor>>>;

}  // namespace vigia::exporters
