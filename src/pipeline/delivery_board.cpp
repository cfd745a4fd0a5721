#include "pipeline/delivery_board.h"

#include <iterator>

namespace vigia::pipeline {

namespace {

bool is_about_content(const Status& status) {
  return !status.is_retryable() && (status.code() == StatusCode::invalid_argument || status.code() == StatusCode::out_of_range);
}

void note_refusal(Delivery& delivery, const SendRound& round) {
  // A clock that was set back begins anew, or the refusals would seem to last for no time at all.
  bool is_first = delivery.refusals_in_a_row++ == 0;
  if (is_first || round.ended_wall_ns < delivery.first_refusal_wall_ns) delivery.first_refusal_wall_ns = round.ended_wall_ns;
  delivery.last_refusal_wall_ns = round.ended_wall_ns;
  delivery.last_refusal = round.status;
}

void note(Delivery& delivery, const SendRound& round) {
  if (round.status.is_ok()) {
    delivery = Delivery();
    delivery.last_success_wall_ns = round.ended_wall_ns;
    delivery.last_latency_ns = round.ended_wall_ns - round.started_wall_ns;
    return;
  }
  // Whoever refuses what a batch holds is there.
  if (is_about_content(round.status)) {
    delivery.failures_in_a_row = 0;
    delivery.last_failure = Status();
    note_refusal(delivery, round);
    return;
  }
  delivery.failures_in_a_row++;
  delivery.last_failure = round.status;
}

}  // namespace

void DeliveryBoard::on_answer(SendRound round) {
  state_.with([&](State& state) {
    note(state.deliveries[round.exporter], round);
    if (state.most_rounds == 0) return;
    if (state.rounds.size() == state.most_rounds) state.rounds.pop_front();
    state.rounds.push_back(std::move(round));
  });
}

Delivery DeliveryBoard::of(const std::string& exporter) const {
  return state_.with([&](const State& state) {
    auto found = state.deliveries.find(exporter);
    return found == state.deliveries.end() ? Delivery() : found->second;
  });
}

void DeliveryBoard::keep_rounds(size_t most) {
  state_.with([&](State& state) {
    state.most_rounds = most;
    while (state.rounds.size() > most) state.rounds.pop_front();
  });
}

std::vector<SendRound> DeliveryBoard::take_rounds() {
  return state_.with([](State& state) {
    std::vector<SendRound> rounds(std::make_move_iterator(state.rounds.begin()), std::make_move_iterator(state.rounds.end()));
    state.rounds.clear();
    return rounds;
  });
}

}  // namespace vigia::pipeline
