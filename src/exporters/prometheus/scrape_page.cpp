#include "exporters/prometheus/scrape_page.h"

#include <algorithm>

#include "base/compress.h"
#include "base/text.h"

namespace vigia::exporters {

namespace {

constexpr int most_scrapes = 8;
constexpr int64_t longest_sweep_interval_ms = 60'000;
constexpr std::string_view path = "/metrics";

// What a client takes and we make quickly.
Compression compression_for(std::string_view accept_encoding) {
  Compression found = Compression::none;
  for (std::string_view part : split(accept_encoding, ',')) {
    std::vector<std::string_view> pieces = split(part, ';');
    bool is_refused = pieces.size() > 1 && (trim(pieces[1]) == "q=0" || trim(pieces[1]) == "q=0.0");
    if (is_refused) continue;
    if (trim(pieces[0]) == "gzip") return Compression::gzip;
    if (trim(pieces[0]) == "zstd") found = Compression::zstd;
  }
  return found;
}

}  // namespace

// --- The page ---

ScrapePage::ScrapePage(const pipeline::Context& context, const PrometheusConfig& config)
    : context_(context),
      config_(config),
      table_(context, config.translate, {config.max_series, config.expiration_ms}),
      refused_scrapes_(context.metrics.counter("vigia_exporter_prometheus_refused_scrapes_total",
                                               "Scrapes that were refused because too many others were being answered.",
                                               {{"exporter", context.id.to_string()}})) {}

Status ScrapePage::find_authenticator() {
  if (!config_.server.authenticator) return {};
  ASSIGN_OR_RETURN(authenticator_, pipeline::find_server_authenticator(context_, *config_.server.authenticator));
  return {};
}

net::Response ScrapePage::text(int status, std::string_view message) const {
  return net::text_response(status, "text/plain; charset=utf-8", message, context_.ledger);
}

void ScrapePage::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  if (authenticator_) {
    auto caller = authenticator_->authenticate([&](std::string_view name) { return request.head.headers.get(name); });
    if (!caller.is_ok()) return responder->respond(text(401, caller.status().message() + "\n"));
  }
  if (request.head.path != path) return responder->respond(text(404, "the metrics are at /metrics\n"));
  bool is_reading = request.head.method == "GET" || request.head.method == "HEAD";
  if (!is_reading) return responder->respond(text(405, "the metrics are there to be read: GET\n"));
  // Each of them takes the memory of a whole page.
  if (scrapes_.fetch_add(1) >= most_scrapes) {
    scrapes_.fetch_sub(1);
    refused_scrapes_.add();
    return responder->respond(text(503, "too many scrapes at once\n"));
  }
  context_.loops.run_where_free(table_.page_bytes(),
                                [self = shared_from_this(), head = std::move(request.head), responder = std::move(responder)]() mutable {
                                  self->respond(head, std::move(responder));
                                  self->scrapes_.fetch_sub(1);
                                });
}

void ScrapePage::respond(const net::RequestHead& head, std::unique_ptr<net::Responder> responder) {
  Result<net::Response> page = make_page(head);
  responder->respond(page.is_ok() ? std::move(*page) : text(500, page.status().message() + "\n"));
}

Result<net::Response> ScrapePage::make_page(const net::RequestHead& head) {
  prometheus::ExpositionFormat format = prometheus::negotiate_format(head.headers.get("accept"), config_.has_open_metrics);
  Appender out(context_.ledger, table_.page_bytes() + table_.page_bytes() / 16 + 4096);
  table_.write(*prometheus::open_writer(format, out), config_.sends_timestamps, context_.clock.steady_ms());
  table_.note_page(out.size());
  net::Response response;
  response.headers.add("content-type", format.content_type());
  for (const auto& [name, value] : config_.server.response_headers) response.headers.set(name, value);
  response.body = Chain(out.take());
  Compression compression = compression_for(head.headers.get("accept-encoding"));
  if (compression == Compression::none) return response;
  ASSIGN_OR_RETURN(Slice packed, compress(compression, response.body, context_.ledger));
  response.body = Chain(std::move(packed));
  response.headers.add("content-encoding", compression_name(compression));
  return response;
}

void ScrapePage::keep_sweeping() {
  net::EventLoop& loop = context_.loops.next();
  loop.post([&loop, weak = weak_from_this()] {
    std::shared_ptr<ScrapePage> page = weak.lock();
    if (!page) return;
    int64_t interval_ms = std::clamp<int64_t>(page->config_.expiration_ms / 2, 1, longest_sweep_interval_ms);
    loop.run_after_ms(interval_ms, [weak] {
      std::shared_ptr<ScrapePage> after = weak.lock();
      if (after) after->sweep();
    });
  });
}

// A piece at a time.
void ScrapePage::sweep() {
  if (!table_.sweep_some(context_.clock.steady_ms())) return keep_sweeping();
  context_.loops.next().post([weak = weak_from_this()] {
    if (std::shared_ptr<ScrapePage> page = weak.lock()) page->sweep();
  });
}

// --- The door ---

Status ScrapeDoor::open(const net::ServerSettings& settings, const pipeline::Context& context) {
  ASSIGN_OR_RETURN(server_, net::HttpServer::start(settings, *this, context.loops, context.ledger, context.log));
  return {};
}

void ScrapeDoor::add(std::shared_ptr<ScrapePage> page) {
  pages_.with([&](auto& pages) { pages.push_back(std::move(page)); });
}

void ScrapeDoor::remove(const ScrapePage& page, int64_t grace_ms, Function<void()> removed) {
  bool is_last = pages_.with([&](auto& pages) {
    std::erase_if(pages, [&](const std::shared_ptr<ScrapePage>& one) { return one.get() == &page; });
    return pages.empty();
  });
  if (is_last)
    server_->drain(grace_ms, std::move(removed));
  else
    removed();
}

void ScrapeDoor::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  std::shared_ptr<ScrapePage> page = pages_.with([](auto& pages) { return pages.empty() ? std::shared_ptr<ScrapePage>() : pages.back(); });
  if (!page) return responder->respond(plain_page(503, "starting or stopping\n"));
  page->serve(std::move(request), std::move(responder));
}

}  // namespace vigia::exporters
