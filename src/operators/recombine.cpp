// `recombine` joins entries of a source, such as the lines of a stack trace.

#include "operators/operator_types_internal.h"
#include "operators/recombiner.h"

namespace vigia::operators {

namespace {

class Recombine final : public Operation {
 public:
  Recombine(RecombineSettings settings, Expression expression, Field source)
      : settings_(std::move(settings)), expression_(std::move(expression)), source_(std::move(source)) {}

  std::unique_ptr<OperationState> create_state() const override { return std::make_unique<Recombiner>(settings_); }

  Outcome apply(Entry& entry, Work& work) const override {
    std::optional<bool> is_match = expression_.test(entry, work.tools, work.problem);
    if (!is_match) return Outcome::failed;
    return static_cast<Recombiner*>(work.state)->add(entry, source_of(entry, work), *is_match, work);
  }

 private:
  // Entries without the field are told apart by where they come from.
  std::string_view source_of(Entry& entry, Work& work) const {
    Value value;
    if (source_.get(entry, work.arena, value) && value.is_text() && value.size > 0) return value.text();
    return entry.origin ? std::string_view(entry.origin->source()) : std::string_view();
  }

  RecombineSettings settings_;
  Expression expression_;
  Field source_;
};

void decode_limits(config::Section& section, RecombineSettings& settings) {
  section.field("max_batch_size", settings.max_batch_size);
  section.field("max_unmatched_batch_size", settings.max_unmatched_batch_size);
  section.field("max_sources", settings.max_sources);
  section.size_bytes("max_log_size", settings.max_log_bytes);
  section.duration_ms("force_flush_period", settings.force_flush_ms);
  section.require(settings.max_sources > 0, "max_sources", "must be positive");
  section.require(settings.force_flush_ms > 0, "force_flush_period", "must be positive");
  if (settings.max_batch_size == 0 && settings.max_log_bytes == 0)
    section.warn("max_batch_size", "neither max_batch_size nor max_log_size limits how much becomes one entry");
}

}  // namespace

OperationPointer decode_recombine(config::Section& section, Decoding&) {
  RecombineSettings settings;
  std::string first;
  std::string last;
  std::optional<Field> combine_field;
  Field source = Field::in(Field::Root::attributes, {"log.file.path"});
  section.field("is_first_entry", first);
  section.field("is_last_entry", last);
  if (first.empty() == last.empty()) section.error("is_first_entry", "either is_first_entry or is_last_entry must be there");
  require_field(section, "combine_field", combine_field);
  section.field("combine_with", settings.combine_with);
  decode_field(section, "source_identifier", source);
  section.choice("overwrite_with", settings.keeps_newest, {{"oldest", false}, {"newest", true}});
  decode_limits(section, settings);
  settings.matches_first = !first.empty();
  if (combine_field) settings.combine_field = *combine_field;
  std::optional<Expression> expression =
      decode_expression(section, settings.matches_first ? "is_first_entry" : "is_last_entry", settings.matches_first ? first : last, true);
  if (!expression) return nullptr;
  return std::make_unique<Recombine>(std::move(settings), std::move(*expression), std::move(source));
}

}  // namespace vigia::operators
