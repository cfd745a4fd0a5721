#include "pipeline/resent_letters.h"

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
      branches_(branches),
      pass_(std::move(pass)) {}

Status ResentLetters::prepare() { return files_.create_directories(directory_); }

void ResentLetters::poll() {
  Result<std::vector<std::string>> names = files_.list(directory_);
  if (!names.is_ok()) return;
  for (const std::string& name : *names) {
    if (!is_dead_letter_name(name)) continue;
    bool is_new = under_way_.with([&](std::set<std::string>& set) { return set.size() < most_under_way && set.insert(name).second; });
    if (is_new) take(name);
  }
}

void ResentLetters::take(const std::string& name) {
  Result<DeadLetter> letter = read_dead_letter(files_, directory_, name);
  if (!letter.is_ok()) {
    // It stays among those under way, so that this is said once.
    log_.error("cannot send a dead letter again", {{"file", directory_ + "/" + name}, {"error", letter.status()}});
    return;
  }
  Batch batch;
  batch.signal = letter->head.signal;
  batch.item_count = letter->head.items;
  batch.payload = Slice::copy_of(letter->body, ledger_);
  batch.client = std::make_shared<const Client>(std::move(letter->head.client));
  batch.branches = branches_;
  batch.receipts.emplace_back(std::make_shared<Letter>(shared_from_this(), name), branches_);
  log_.info("sending a dead letter again", {{"name", name}, {"items", batch.item_count}});
  pass_(std::move(batch));
}

void ResentLetters::delivered(const std::string& name) {
  Status status = files_.remove(directory_ + "/" + name);
  // If it cannot be removed, it is not sent a third time in this life.
  if (status.is_ok())
    kept(name);
  else
    log_.error("cannot remove a dead letter that was sent again", {{"file", directory_ + "/" + name}, {"error", status}});
}

void ResentLetters::kept(const std::string& name) {
  under_way_.with([&](std::set<std::string>& set) { set.erase(name); });
}

}  // namespace vigia::pipeline
