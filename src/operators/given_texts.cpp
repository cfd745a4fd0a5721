// The keys `attributes` and `resource` of a receiver: what every entry gets. Texts without expressions are the origin's, which costs nothing
// for an entry; the others are an operation at the beginning of the chain.

#include "operators/expression_text.h"
#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

using Texts = std::vector<std::pair<std::string, ExpressionText>>;

class GiveTexts final : public Operation {
 public:
  GiveTexts(Texts attributes, Texts resource) : attributes_(std::move(attributes)), resource_(std::move(resource)) {}

  // What cannot be evaluated is left out; the rest is there.
  Outcome apply(Entry& entry, Work& work) const override {
    bool has_attributes = give(attributes_, entry, work, &Entry::attributes);
    bool has_resource = give(resource_, entry, work, &Entry::resource);
    return has_attributes && has_resource ? Outcome::passed : Outcome::failed;
  }

 private:
  static bool give(const Texts& texts, Entry& entry, Work& work, Map& (Entry::*part)(Arena&)) {
    bool is_good = true;
    for (const auto& [key, text] : texts) {
      std::optional<Value> value = text.render(entry, work);
      if (value) (entry.*part)(work.arena).set(work.arena, key, *value);
      is_good &= value.has_value();
    }
    return is_good;
  }

  Texts attributes_;
  Texts resource_;
};

Texts decode_texts(config::Section& receiver, std::string_view key, std::map<std::string, std::string>& constant) {
  Texts texts;
  receiver.each(key, [&](const std::string& name, config::Section& value) {
    std::string given;
    if (!value.as_string(given)) return;
    std::optional<ExpressionText> text = ExpressionText::decode(value, given);
    if (!text) return;
    if (text->is_constant())
      constant[name] = given;
    else
      texts.emplace_back(name, std::move(*text));
  });
  return texts;
}

}  // namespace

OperationPointer decode_given_texts(config::Section& receiver, GivenTexts& constant) {
  Texts attributes = decode_texts(receiver, "attributes", constant.attributes);
  Texts resource = decode_texts(receiver, "resource", constant.resource);
  if (attributes.empty() && resource.empty()) return nullptr;
  return std::make_unique<GiveTexts>(std::move(attributes), std::move(resource));
}

}  // namespace vigia::operators
