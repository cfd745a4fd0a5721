#include "receivers/prometheus/scraper.h"

#include <algorithm>

#include <fmt/core.h>

#include "net/socket.h"

namespace vigia::receivers {

namespace {

// About two milliseconds of work.
constexpr size_t entries_at_a_time = 10'000;
// What of a scrape is written before the first of it has left, and how often a millisecond is waited for that.
constexpr int64_t most_bytes_on_the_way = 3 << 20;
constexpr int most_waits = 50;
// Of an answer that is not the metrics: an error's text.
constexpr size_t most_unread_bytes = 1 << 20;
// What may be remembered of a target, for each byte that its text may have.
constexpr uint64_t state_bytes_per_body_byte = 4;
// A target that was away for so many scrapes has to introduce itself anew.
constexpr int patience_failures = 10;

}  // namespace

Scraper::Scraper(std::shared_ptr<ScrapeServices> services, std::shared_ptr<const ScrapeJob> job, Target target)
    : services_(std::move(services)),
      job_(std::move(job)),
      target_(std::move(target)),
      peer_(net::HostPort{target_.host, target_.port}.to_string()),
      table_(target_.labels.get(prometheus::job_label), target_.labels.get(prometheus::instance_label), services_->seed) {
  services_->target_count++;
}

Scraper::~Scraper() {
  services_->target_count--;
  services_->up_count -= was_up_;
  services_->series_count -= counted_series_;
  services_->state_bytes -= counted_bytes_;
}

void Scraper::start() {
  int64_t interval_ms = target_.interval_ms;
  int64_t wall_ms = services_->context.clock.wall_ns() / 1'000'000;
  auto offset_ms = static_cast<int64_t>((target_.key() ^ services_->seed) % static_cast<uint64_t>(interval_ms));
  int64_t wait_ms = (interval_ms - wall_ms % interval_ms + offset_ms) % interval_ms;
  next_ms_ = services_->loop.now_ms() + wait_ms;
  arm();
}

void Scraper::arm() {
  if (is_stopped_) return;
  int64_t wait_ms = std::max<int64_t>(0, next_ms_ - services_->loop.now_ms());
  timer_ = services_->loop.run_after_ms(wait_ms, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->on_time();
  });
}

void Scraper::on_time() {
  timer_ = 0;
  int64_t now_ms = services_->loop.now_ms();
  // Scrapes that were missed (the machine slept) are not made up for.
  int64_t missed = std::max<int64_t>(0, (now_ms - next_ms_) / target_.interval_ms);
  next_ms_ += (missed + 1) * target_.interval_ms;
  arm();
  if (round_) return;  // the last one is still being read
  if (is_retired()) {
    tell_gone();
    return;
  }
  if (services_->context.ledger.is_over_limit()) {
    services_->skipped_scrapes.add();
    return;
  }
  const Clock& clock = services_->context.clock;
  begin_ms_ = clock.steady_ms();
  unread_bytes_ = 0;
  round_ = std::make_unique<ScrapeRound>(*job_, target_, services_->config.external_labels, table_, clock.wall_ns() / 1'000'000);
  services_->scrapes.add();
  send();
}

void Scraper::send() {
  Status status = refusal_;
  if (status.is_ok() && !client_) {
    auto client = services_->client_of(job_, target_);
    if (client.is_ok())
      client_ = std::move(*client);
    else
      status = std::move(client).status();
  }
  if (!status.is_ok()) {
    round_->fail(std::move(status));
    end_round();
    return;
  }
  net::Headers headers;
  if (!job_->http.has_files()) {
    Status added = add_configured_headers(job_->http, services_->context.files, headers);
    request(added.is_ok() ? Result<net::Headers>(std::move(headers)) : Result<net::Headers>(std::move(added)));
    return;
  }
  // Tokens and passwords change: their files are read for every request, where reading may wait.
  services_->begin_task();
  services_->context.background.loop().post([self = shared_from_this(), services = services_]() mutable {
    net::Headers read;
    Status added = add_configured_headers(self->job_->http, services->context.files, read);
    auto result = added.is_ok() ? Result<net::Headers>(std::move(read)) : Result<net::Headers>(std::move(added));
    net::EventLoop& loop = services->loop;
    loop.post([self = std::move(self), services = std::move(services), result = std::move(result)]() mutable {
      if (!self->is_stopped_) self->request(std::move(result));
      self.reset();
      services->end_task();
    });
  });
}

void Scraper::request(Result<net::Headers> headers) {
  if (!headers.is_ok()) {
    round_->fail(std::move(headers).status().with_context("cannot read a file of the job"));
    end_round();
    return;
  }
  net::ClientRequest request;
  request.method = "GET";
  request.path = target_.path;
  request.timeout_ms = target_.timeout_ms;
  request.headers = std::move(*headers);
  request.headers.set("accept", prometheus::accept_header(job_->protocols, job_->escaping));
  request.headers.set("accept-encoding", job_->enable_compression ? "gzip" : "identity");
  if (!request.headers.has("user-agent")) request.headers.set("user-agent", "vigia/" + services_->context.version);
  request.headers.set("x-prometheus-scrape-timeout-seconds", fmt::format("{}", static_cast<double>(target_.timeout_ms) / 1000));
  request.on_head = [weak = weak_from_this()](const net::ClientResponse& head) {
    if (auto self = weak.lock()) self->on_head(head);
  };
  request.on_body = [weak = weak_from_this()](std::string_view piece) {
    auto self = weak.lock();
    return self && self->on_piece(piece);
  };
  client_->send(std::move(request), [weak = weak_from_this()](Result<net::ClientResponse> answer) {
    if (auto self = weak.lock()) self->on_answer(std::move(answer));
  });
}

void Scraper::on_head(const net::ClientResponse& head) {
  if (is_stopped_ || !round_ || head.status != 200) return;
  // The protocol lets a server take its answer back and begin another, but what was read cannot be taken back.
  if (body_) return round_->fail(unavailable("the target began its answer anew"));
  body_ = std::make_unique<ScrapeBody>(*job_, services_->context.ledger, [this] { return read_piece(); });
  if (Status status = body_->open(head.headers); !status.is_ok())
    round_->fail(std::move(status));
  else
    round_->begin(body_->parser());
}

// Whether more is wanted.
bool Scraper::on_piece(std::string_view piece) {
  if (is_stopped_ || !round_) return false;
  if (!body_ || !body_->is_open()) {
    unread_bytes_ += piece.size();
    return unread_bytes_ <= most_unread_bytes;
  }
  if (Status status = body_->add(piece); !status.is_ok()) round_->fail(std::move(status));
  return round_->error().is_ok();
}

Status Scraper::read_piece() {
  round_->take(body_->parser(), SIZE_MAX);
  return round_->error().is_ok() ? check_memory() : round_->error();
}

void Scraper::on_answer(Result<net::ClientResponse> answer) {
  if (is_stopped_ || !round_) return;
  Status status;
  if (!answer.is_ok())
    status = std::move(answer).status();
  else if (answer->status != 200)
    status = unavailable(fmt::format("the target answered HTTP status {} {}", answer->status, net::reason_phrase(answer->status)));
  else if (round_->error().is_ok())
    status = body_->end();
  if (!status.is_ok()) round_->fail(std::move(status));
  if (round_->error().is_ok() && body_->text_bytes() > 0)
    read_some();
  else
    end_round();
}

// A text of nothing but names takes more memory than it has bytes.
Status Scraper::check_memory() const {
  if (services_->context.ledger.is_over_limit()) return resource_exhausted("the memory limit was reached while the text was read");
  if (table_.rough_bytes() > job_->limits.body_bytes * state_bytes_per_body_byte)
    return resource_exhausted("the target has more series than the body_size_limit allows memory for");
  return {};
}

void Scraper::read_some() {
  bool is_done = round_->take(body_->parser(), entries_at_a_time);
  if (Status status = check_memory(); !is_done && !status.is_ok()) {
    round_->fail(std::move(status));
    is_done = true;
  }
  if (!is_done) {
    services_->loop.post([weak = weak_from_this()] {
      auto self = weak.lock();
      if (self && !self->is_stopped_) self->read_some();
    });
    return;
  }
  end_round();
}

void Scraper::end_round() {
  ScrapeReport about;
  about.duration_s = static_cast<double>(services_->context.clock.steady_ms() - begin_ms_) / 1000;
  about.is_up = round_->error().is_ok();
  double body_bytes = body_ ? static_cast<double>(body_->text_bytes()) : 0;
  about.body_bytes = round_->error().code() == StatusCode::resource_exhausted ? -1 : body_bytes;
  body_.reset();
  round_->finish();
  note_health(round_->error());
  was_scraped_ = true;
  services_->duplicate_samples.add(round_->counts().duplicates);
  services_->unusable_samples.add(round_->counts().unusable);
  held_before_bytes_ = services_->context.ledger.held_bytes();
  waits_left_ = most_waits;
  writer_ = write_report(*round_, about);
  services_->begin_task();
  write_some();
}

// A slice at a time: others have their turn, and what leaves makes room for what is written next. A destination that is slow is not waited for
// long: its queue is for that.
void Scraper::write_some() {
  if (services_->context.ledger.held_bytes() - held_before_bytes_ > most_bytes_on_the_way && waits_left_ > 0) {
    waits_left_--;
    services_->loop.run_after_ms(1, [self = shared_from_this()] { self->write_some(); });
    return;
  }
  bool is_done = !writer_->write_slice();
  services_->deliver(*writer_, job_->customer, peer_);
  if (!is_done) {
    services_->loop.post([self = shared_from_this()] { self->write_some(); });
    return;
  }
  forget_round();
  services_->end_task();
}

void Scraper::forget_round() {
  bool is_good = round_->error().is_ok();
  writer_.reset();
  round_.reset();
  if (is_good)
    table_.forget_unseen();
  else if (failures_ >= patience_failures || table_.is_overgrown() || !check_memory().is_ok())
    table_.forget_all();
  note_size();
}

std::unique_ptr<PointWriter> Scraper::write_report(ScrapeRound& round, ScrapeReport& report) {
  report.counts = round.counts();
  report.has_extras = job_->reports_extra_metrics;
  auto writer = std::make_unique<PointWriter>(services_->writer_settings, *job_, target_, services_->config.external_labels, table_,
                                              services_->context.ledger);
  writer->write_report(report, round.time_ms());
  writer->begin(round);
  return writer;
}

void Scraper::tell_gone() {
  Function<void()> gone = std::move(gone_);
  if (was_scraped_) {
    ScrapeRound round(*job_, target_, services_->config.external_labels, table_, services_->context.clock.wall_ns() / 1'000'000);
    round.fail(not_found("the target is gone"));
    round.finish();
    ScrapeReport about;
    about.is_gone = true;
    std::unique_ptr<PointWriter> writer = write_report(round, about);
    while (writer->write_slice()) {
    }
    services_->deliver(*writer, job_->customer, peer_);
  }
  stop();
  gone();
}

// A target that fails says so once, not at every scrape.
void Scraper::note_health(const Status& error) {
  bool is_up = error.is_ok();
  failures_ = is_up ? 0 : failures_ + 1;
  if (!is_up) services_->failed_scrapes.add();
  const Logger& log = services_->context.log;
  if (failures_ == 1) log.warn("Failed to scrape Prometheus endpoint", {{"job", job_->name}, {"target", target_.url()}, {"error", error}});
  if (is_up && !was_up_ && was_scraped_) log.info("the target can be scraped again", {{"job", job_->name}, {"target", target_.url()}});
  services_->up_count += static_cast<int64_t>(is_up) - static_cast<int64_t>(was_up_);
  was_up_ = is_up;
}

void Scraper::note_size() {
  auto series = static_cast<int64_t>(table_.size());
  auto bytes = static_cast<int64_t>(table_.memory_bytes());
  services_->series_count += series - std::exchange(counted_series_, series);
  services_->state_bytes += bytes - std::exchange(counted_bytes_, bytes);
}

void Scraper::stop() {
  is_stopped_ = true;
  services_->loop.cancel_timer(std::exchange(timer_, 0));
  body_.reset();
  if (!writer_) round_.reset();
  client_.reset();
}

}  // namespace vigia::receivers
