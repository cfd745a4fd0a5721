#include <fmt/core.h>

#include "pipeline/net_config.h"
#include "receivers/prometheus/discovery.h"

namespace vigia::receivers {

namespace {

using prometheus::TargetGroup;

constexpr size_t most_answer_bytes = 8 << 20;

class HttpDiscovery final : public Discovery, public std::enable_shared_from_this<HttpDiscovery> {
 public:
  HttpDiscovery(std::shared_ptr<ScrapeServices> services, HttpDiscoverySettings settings, Found found)
      : services_(std::move(services)), settings_(std::move(settings)), found_(std::move(found)) {}

  void start() override { ask(); }
  void stop() override {
    is_stopped_ = true;
    services_->loop.cancel_timer(std::exchange(timer_, 0));
    client_.reset();
  }

 private:
  void ask() {
    timer_ = services_->loop.run_after_ms(settings_.refresh_interval_ms, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (self && !self->is_stopped_) self->ask();
    });
    if (is_asking_) return;
    is_asking_ = true;
    // Tokens may be in files, and a certificate certainly is.
    services_->begin_task();
    services_->context.background.loop().post([self = shared_from_this()]() mutable {
      net::Headers headers;
      Status added = add_configured_headers(self->settings_.http, self->services_->context.files, headers);
      self->back(std::move(self), [headers = std::move(headers), added = std::move(added)](HttpDiscovery& discovery) mutable {
        if (added.is_ok()) added = discovery.send(std::move(headers));
        if (!added.is_ok()) discovery.fail(added);
      });
    });
  }

  // From the background to the receiver's loop, where the task ends.
  void back(std::shared_ptr<HttpDiscovery> self, Function<void(HttpDiscovery&)> call) {
    net::EventLoop& loop = services_->loop;
    loop.post([self = std::move(self), call = std::move(call)]() mutable {
      if (!self->is_stopped_) call(*self);
      std::shared_ptr<ScrapeServices> services = self->services_;
      self.reset();
      services->end_task();
    });
  }

  Status send(net::Headers headers) {
    ASSIGN_OR_RETURN(pipeline::HttpUrl url, pipeline::HttpUrl::parse(settings_.url));
    if (!client_) {
      ASSIGN_OR_RETURN(net::ClientSettings settings, client_settings(settings_.http, services_->context, url.is_https, url.host, url.port));
      settings.max_response_bytes = most_answer_bytes;
      ASSIGN_OR_RETURN(client_, services_->new_client(settings));
    }
    net::ClientRequest request;
    request.method = "GET";
    request.path = url.path.empty() ? "/" : url.path;
    request.timeout_ms = settings_.refresh_interval_ms;
    request.headers = std::move(headers);
    request.headers.set("accept", "application/json");
    request.headers.set("user-agent", "vigia/" + services_->context.version);
    request.headers.set("x-prometheus-refresh-interval-seconds",
                        fmt::format("{}", static_cast<double>(settings_.refresh_interval_ms) / 1000));
    client_->send(std::move(request), [weak = weak_from_this()](Result<net::ClientResponse> answer) {
      auto self = weak.lock();
      if (self && !self->is_stopped_) self->on_answer(std::move(answer));
    });
    return {};
  }

  void on_answer(Result<net::ClientResponse> answer) {
    if (!answer.is_ok()) return fail(answer.status());
    if (answer->status != 200) return fail(unavailable(fmt::format("HTTP status {}", answer->status)));
    std::string_view type = answer->headers.get("content-type");
    if (!net::is_media_type(type, "application/json"))
      return fail(invalid_argument(fmt::format("expected the content type application/json, found \"{}\"", type.substr(0, 100))));
    // Reading a long list takes a while.
    services_->begin_task();
    services_->context.background.loop().post([self = shared_from_this(), body = std::move(answer->body)]() mutable {
      auto groups = prometheus::parse_target_groups(body.view(), self->settings_.url);
      self->back(std::move(self), [groups = std::move(groups)](HttpDiscovery& discovery) mutable {
        if (!groups.is_ok()) return discovery.fail(groups.status());
        discovery.is_asking_ = false;
        for (TargetGroup& group : *groups) group.labels.set("__meta_url", discovery.settings_.url);
        discovery.found_(std::move(*groups));
      });
    });
  }

  void fail(const Status& error) {
    is_asking_ = false;
    services_->context.log.error("cannot get targets", {{"url", settings_.url}, {"error", error}});
  }

  std::shared_ptr<ScrapeServices> services_;
  const HttpDiscoverySettings settings_;
  Found found_;
  std::shared_ptr<net::HttpClient> client_;
  net::EventLoop::TimerId timer_ = 0;
  bool is_asking_ = false;
  bool is_stopped_ = false;
};

}  // namespace

std::shared_ptr<Discovery> http_discovery(std::shared_ptr<ScrapeServices> services, HttpDiscoverySettings settings,
                                          Discovery::Found found) {
  return std::make_shared<HttpDiscovery>(std::move(services), std::move(settings), std::move(found));
}

}  // namespace vigia::receivers
