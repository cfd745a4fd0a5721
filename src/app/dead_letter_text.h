#pragma once

// Dead letters for people and for programs. Texts that came from elsewhere are made fit for a terminal, secrets are not shown.

#include <cstdint>
#include <string>
#include <vector>

#include "app/dead_letter_box.h"

namespace vigia::app {

// A table, the oldest first.
std::string dead_letter_table(const std::vector<BoxedDeadLetter>& letters, int64_t now_ms);
// One JSON object, without a line end.
std::string listed_json(const BoxedDeadLetter& letter);
// Head and body: lines of "name: value" and then the body as OTLP/JSON; or one JSON object with the body under "body".
std::string letter_text(const BoxedDeadLetter& where, const pipeline::DeadLetter& letter);
std::string letter_json(const BoxedDeadLetter& where, const pipeline::DeadLetter& letter);
// "3 dead letters (120 items, 4.5 KiB)".
std::string amount_text(const std::vector<BoxedDeadLetter>& letters);

}  // namespace vigia::app
