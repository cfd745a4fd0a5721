#pragma once

// Scrapes one target, again and again: a timer, a request, the answer read while it comes, points out, slice by slice.
//
// It never waits: while one target is slow, all others go on. Everything happens on the receiver's loop.

#include <memory>
#include <string>

#include "receivers/prometheus/scrape_body.h"
#include "receivers/prometheus/scrape_round.h"
#include "receivers/prometheus/series_table.h"
#include "receivers/prometheus/services.h"

namespace vigia::receivers {

class Scraper : public std::enable_shared_from_this<Scraper> {
 public:
  Scraper(std::shared_ptr<ScrapeServices> services, std::shared_ptr<const ScrapeJob> job, Target target);
  ~Scraper();

  // The first scrape comes within an interval, at a time that its name decides, so that targets are spread over it.
  void start();
  // Every scrape fails with this until it is OK again: the job has too many targets.
  void set_refusal(Status why) { refusal_ = std::move(why); }
  // It has vanished from discovery. When it has not come back by the next scrape its series are told to be gone, and `gone` is called.
  void retire(Function<void()> gone) { gone_ = std::move(gone); }
  void revive() { gone_ = nullptr; }
  bool is_retired() const { return static_cast<bool>(gone_); }
  // Nothing happens any more, and nothing more is told, except for the rest of a scrape that is being handed on.
  void stop();

 private:
  void arm();
  void on_time();
  void send();
  void request(Result<net::Headers> headers);
  void on_head(const net::ClientResponse& head);
  bool on_piece(std::string_view piece);
  Status read_piece();
  void on_answer(Result<net::ClientResponse> answer);
  Status check_memory() const;
  void read_some();
  void end_round();
  void write_some();
  void forget_round();
  void tell_gone();
  std::unique_ptr<PointWriter> write_report(ScrapeRound& round, ScrapeReport& report);
  void note_health(const Status& error);
  void note_size();

  std::shared_ptr<ScrapeServices> services_;
  std::shared_ptr<const ScrapeJob> job_;
  const Target target_;
  const std::string peer_;
  SeriesTable table_;
  std::shared_ptr<net::HttpClient> client_;
  net::EventLoop::TimerId timer_ = 0;
  int64_t next_ms_ = 0;  // when the next scrape is due, by the steady clock
  Status refusal_;
  Function<void()> gone_;
  bool is_stopped_ = false;
  bool was_scraped_ = false;
  bool was_up_ = false;
  int failures_ = 0;  // in a row

  // The scrape that is under way, if there is one.
  std::unique_ptr<ScrapeRound> round_;
  int64_t begin_ms_ = 0;
  std::unique_ptr<ScrapeBody> body_;
  size_t unread_bytes_ = 0;              // of an answer that is none
  std::unique_ptr<PointWriter> writer_;  // while the points are handed on
  int64_t held_before_bytes_ = 0;
  int waits_left_ = 0;
  // What the services' counts have of this target.
  int64_t counted_series_ = 0;
  int64_t counted_bytes_ = 0;
};

}  // namespace vigia::receivers
