#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/chain.h"
#include "operators/operator_types_internal.h"
#include "operators/program_internal.h"

namespace vigia::operators {

namespace {

// Operators of the Collector that read or write by themselves; ours have receivers and exporters for that.
constexpr std::string_view not_here[] = {"stdout",         "file_output",    "file_input", "tcp_input",      "udp_input",
                                         "syslog_input",   "journald_input", "stdin",      "generate_input", "windows_eventlog_input",
                                         "namedpipe_input"};

struct Draft {
  Step step;
  bool has_own_id = false;
  Outputs own_outputs;
  OperationPointer operation;
  std::vector<OutputReference> outputs;
  config::Position position;
  std::string path;
};

class ChainDecoder {
 public:
  explicit ChainDecoder(config::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(config::Section& section);
  // An operation that the receiver itself asks for.
  void add(config::Section& receiver, const std::string& type, OperationPointer operation);
  Chain finish();

 private:
  OperationPointer decode_operation(config::Section& section, const std::string& type);
  void name_drafts();
  void resolve_outputs();
  Outputs places_of(const std::vector<OutputReference>& references);
  void find_circles();
  bool leads_to_circle(size_t at, std::vector<int>& marks) const;

  config::Diagnostics& diagnostics_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  Decoding decoding_{program_->zones};
  std::vector<Draft> drafts_;
};

std::string unknown_type(const std::string& type) {
  if (std::find(std::begin(not_here), std::end(not_here), type) != std::end(not_here))
    return fmt::format("operator {} is not in this build: use a receiver or an exporter for that", type);
  std::vector<std::string> names;
  for (const OperatorType& one : operator_types()) names.emplace_back(one.name);
  std::string nearest = nearest_word(type, names);
  return fmt::format("unknown operator type {}{}", type, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

void ChainDecoder::add(config::Section& section) {
  Draft draft;
  draft.position = section.position();
  draft.path = section.path();
  if (!section.field("type", draft.step.type)) section.error("type", "missing: the kind of operator, such as json_parser");
  draft.has_own_id = section.field("id", draft.step.id) && !draft.step.id.empty();
  draft.outputs = decode_outputs(section, "output");
  section.choice(
      "on_error", draft.step.on_error,
      {{"send", OnError::send}, {"drop", OnError::drop}, {"send_quiet", OnError::send_quiet}, {"drop_quiet", OnError::drop_quiet}});
  std::string condition;
  if (section.field("if", condition) && !condition.empty()) draft.step.condition = decode_expression(section, "if", condition, true);
  draft.operation = decode_operation(section, draft.step.type);
  drafts_.push_back(std::move(draft));
}

void ChainDecoder::add(config::Section& receiver, const std::string& type, OperationPointer operation) {
  Draft& draft = drafts_.emplace_back();
  draft.position = receiver.position();
  draft.path = receiver.path();
  draft.step.type = type;
  draft.operation = std::move(operation);
}

OperationPointer ChainDecoder::decode_operation(config::Section& section, const std::string& type) {
  for (const OperatorType& one : operator_types()) {
    if (one.name == type) return one.decode(section, decoding_);
  }
  if (!type.empty()) section.error("type", unknown_type(type));
  section.take_all();
  return nullptr;
}

// Operators without an id are called by their type; the second of a type is move1, the third move2, as in the Collector.
void ChainDecoder::name_drafts() {
  std::set<std::string> taken;
  for (const Draft& draft : drafts_) {
    if (draft.has_own_id && !taken.insert(draft.step.id).second)
      diagnostics_.error(draft.position, draft.path, fmt::format("another operator has the id {}, too", draft.step.id));
  }
  for (Draft& draft : drafts_) {
    if (draft.has_own_id) continue;
    draft.step.id = draft.step.type;
    for (int number = 1; !taken.insert(draft.step.id).second; number++) draft.step.id = fmt::format("{}{}", draft.step.type, number);
  }
}

Outputs ChainDecoder::places_of(const std::vector<OutputReference>& references) {
  Outputs places;
  for (const OutputReference& reference : references) {
    auto found = std::find_if(drafts_.begin(), drafts_.end(), [&](const Draft& draft) { return draft.step.id == reference.id; });
    if (found == drafts_.end()) {
      std::vector<std::string> ids;
      for (const Draft& draft : drafts_) ids.push_back(draft.step.id);
      std::string nearest = nearest_word(reference.id, ids);
      diagnostics_.error(
          reference.position, reference.path,
          fmt::format("no operator has the id {}{}", reference.id, nearest.empty() ? "" : "; did you mean " + nearest + "?"));
      continue;
    }
    auto place = static_cast<size_t>(found - drafts_.begin());
    if (std::find(places.begin(), places.end(), place) != places.end()) {
      diagnostics_.error(reference.position, reference.path, fmt::format("{} is named twice", reference.id));
    } else {
      places.push_back(place);
    }
  }
  return places;
}

void ChainDecoder::resolve_outputs() {
  for (size_t at = 0; at < drafts_.size(); at++) {
    Draft& draft = drafts_[at];
    draft.step.outputs = places_of(draft.outputs);
    if (draft.outputs.empty() && at + 1 < drafts_.size()) draft.step.outputs = {at + 1};
    if (!draft.operation) continue;
    draft.own_outputs = draft.operation->resolve_outputs([this](const auto& outputs) { return places_of(outputs); });
    // Who chooses by itself has no other way, and what it could not judge goes nowhere.
    if (draft.own_outputs.empty()) continue;
    draft.step.outputs.clear();
    draft.step.on_error = OnError::drop;
  }
}

// Marks: 0 not seen, 1 on the way, 2 done.
bool ChainDecoder::leads_to_circle(size_t at, std::vector<int>& marks) const {
  if (marks[at] != 0) return marks[at] == 1;
  marks[at] = 1;
  Outputs outputs = drafts_[at].step.outputs;
  outputs.insert(outputs.end(), drafts_[at].own_outputs.begin(), drafts_[at].own_outputs.end());
  bool result = std::any_of(outputs.begin(), outputs.end(), [&](size_t next) { return leads_to_circle(next, marks); });
  marks[at] = 2;
  return result;
}

void ChainDecoder::find_circles() {
  std::vector<int> marks(drafts_.size());
  for (size_t at = 0; at < drafts_.size(); at++) {
    if (!leads_to_circle(at, marks)) continue;
    diagnostics_.error(drafts_[at].position, drafts_[at].path,
                       fmt::format("the outputs of {} lead back to an operator that comes before it", drafts_[at].step.id));
    return;
  }
}

Chain ChainDecoder::finish() {
  if (drafts_.empty()) return {};
  size_t errors_before = diagnostics_.error_count();
  name_drafts();
  resolve_outputs();
  if (diagnostics_.error_count() == errors_before) find_circles();
  for (Draft& draft : drafts_) {
    draft.step.operation = std::move(draft.operation);
    program_->steps.push_back(std::move(draft.step));
  }
  return diagnostics_.has_errors() ? Chain() : Chain(program_);
}

}  // namespace

std::vector<OutputReference> decode_outputs(config::Section& section, std::string_view key) {
  std::vector<OutputReference> result;
  section.list(key, [&](config::Section& item) {
    std::string id;
    if (item.as_string(id)) result.push_back({id, item.position(), item.path()});
  });
  return result;
}

Chain decode_chain(config::Section& receiver, std::string_view key) {
  ChainDecoder decoder(receiver.diagnostics());
  receiver.list(key, [&](config::Section& section) { decoder.add(section); });
  return decoder.finish();
}

Chain decode_chain_and_texts(config::Section& receiver, GivenTexts& texts) {
  ChainDecoder decoder(receiver.diagnostics());
  if (OperationPointer given = decode_given_texts(receiver, texts)) decoder.add(receiver, "given_texts", std::move(given));
  receiver.list("operators", [&](config::Section& section) { decoder.add(section); });
  return decoder.finish();
}

}  // namespace vigia::operators
