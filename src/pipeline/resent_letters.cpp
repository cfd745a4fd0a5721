#include "pipeline/resent_letters.h"

#include <algorithm>

#include "otlp/validate.h"
#include "pipeline/dead_letters.h"

namespace vigia::pipeline {

namespace {

constexpr size_t most_under_way = 16;

}  // namespace

// Of one letter on its way.
class ResentLetters::Letter final : public Receipt::Record {
 public:
  Letter(std::shared_ptr<ResentLetters> letters, std::string name) : letters_(std::move(letters)), name_(std::move(name)) {}
  void on_released() override {
    letters_->runner_->read_soon([letters = letters_, name = name_] { letters->delivered(name); });
  }
  void on_kept() override { letters_->kept(name_); }

 private:
  const std::shared_ptr<ResentLetters> letters_;
  const std::string name_;
};

ResentLetters::ResentLetters(const Context& context, std::shared_ptr<JournalRunner> runner, const std::string& directory, uint64_t branches,
                             std::function<void(Batch)> pass)
    : log_(context.log),
      files_(context.files),
      ledger_(context.ledger),
      runner_(std::move(runner)),
      directory_(directory + "/" + std::string(resend_directory_name)),
      signal_(dead_letter_signal(directory)),
      branches_(branches),
      pass_(std::move(pass)) {}

Status ResentLetters::prepare() { return files_.create_directories(directory_); }

void ResentLetters::poll() {
  Result<std::vector<std::string>> names = files_.list(directory_);
  if (!names.is_ok()) return;
  state_.with([&](State& state) {
    std::erase_if(state.given_up, [&](const std::string& name) { return std::find(names->begin(), names->end(), name) == names->end(); });
  });
  for (const std::string& name : *names) {
    if (!is_dead_letter_name(name)) continue;
    bool is_new = state_.with([&](State& state) {
      return state.under_way.size() < most_under_way && !state.given_up.contains(name) && state.under_way.insert(name).second;
    });
    if (is_new) take(name);
  }
}

void ResentLetters::take(const std::string& name) {
  Result<Batch> batch = read(name);
  if (batch.is_ok()) {
    log_.info("sending a dead letter again", {{"name", name}, {"items", batch->item_count}});
    return pass_(std::move(*batch));
  }
  switch (batch.status().code()) {
    case StatusCode::not_found:  // somebody took it back
      return kept(name);
    case StatusCode::unavailable:
    case StatusCode::resource_exhausted:
      log_.warn("cannot read a dead letter; will try again", {{"file", directory_ + "/" + name}, {"error", batch.status()}});
      return kept(name);
    default:
      log_.error("cannot send a dead letter again", {{"file", directory_ + "/" + name}, {"error", batch.status()}});
      return give_up(name);
  }
}

// A letter comes through the door once more: it may have been put here by hand, and everything behind trusts what it is given.
Result<Batch> ResentLetters::read(const std::string& name) {
  ASSIGN_OR_RETURN(DeadLetter letter, read_dead_letter(files_, directory_, name));
  if (signal_ && letter.head.signal != *signal_)
    return invalid_argument(std::string("it holds ") + std::string(otlp::signal_name(letter.head.signal)) + ", and its pipeline is for " +
                            std::string(otlp::signal_name(*signal_)));
  ASSIGN_OR_RETURN(otlp::Checked checked, otlp::validate(letter.head.signal, Slice::copy_of(letter.body, ledger_), ledger_));
  Batch batch;
  batch.signal = letter.head.signal;
  batch.item_count = checked.item_count;
  batch.payload = std::move(checked.body);
  batch.client = std::make_shared<const Client>(std::move(letter.head.client));
  batch.branches = branches_;
  batch.receipts.emplace_back(std::make_shared<Letter>(shared_from_this(), name), branches_);
  return batch;
}

void ResentLetters::delivered(const std::string& name) {
  Status status = files_.remove(directory_ + "/" + name);
  if (status.is_ok() || status.code() == StatusCode::not_found) return kept(name);
  // It is not sent a third time in this life.
  log_.error("cannot remove a dead letter that was sent again", {{"file", directory_ + "/" + name}, {"error", status}});
  give_up(name);
}

void ResentLetters::kept(const std::string& name) {
  state_.with([&](State& state) { state.under_way.erase(name); });
}

void ResentLetters::give_up(const std::string& name) {
  state_.with([&](State& state) {
    state.under_way.erase(name);
    state.given_up.insert(name);
  });
}

}  // namespace vigia::pipeline
