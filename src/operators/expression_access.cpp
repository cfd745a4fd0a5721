// Literals, variables, and the ways into maps and lists.

#include <algorithm>

#include "base/utf8.h"
#include "operators/expression_internal.h"

namespace vigia::operators {

namespace {

StaticType static_type_of(const Value& value) {
  switch (value.type) {
    case Value::Type::nil:
      return StaticType::nil;
    case Value::Type::boolean:
      return StaticType::boolean;
    case Value::Type::integer:
      return StaticType::integer;
    case Value::Type::floating:
      return StaticType::floating;
    case Value::Type::text:
      return StaticType::text;
    case Value::Type::list:
      return StaticType::list;
    case Value::Type::map:
      return StaticType::map;
    case Value::Type::time:
      return StaticType::time;
    case Value::Type::bytes:
      return StaticType::any;
  }
  return StaticType::any;
}

class ConstantNode final : public ExpressionNode {
 public:
  explicit ConstantNode(const Value& value) : ExpressionNode(static_type_of(value)), value_(value) {}
  Value evaluate(Evaluation&) const override { return value_; }
  const Value* constant() const override { return &value_; }

 private:
  Value value_;
};

class TextNode final : public ExpressionNode {
 public:
  explicit TextNode(std::string text) : ExpressionNode(StaticType::text), text_(std::move(text)), value_(Value::of_text(text_)) {}
  Value evaluate(Evaluation&) const override { return value_; }
  const Value* constant() const override { return &value_; }

 private:
  const std::string text_;
  const Value value_;
};

class EntryNode final : public ExpressionNode {
 public:
  explicit EntryNode(EntryPart part)
      : ExpressionNode(part == EntryPart::attributes || part == EntryPart::resource ? StaticType::map
                       : part == EntryPart::timestamp                               ? StaticType::time
                                                                                    : StaticType::any),
        part_(part) {}
  Value evaluate(Evaluation& evaluation) const override {
    Entry& entry = evaluation.entry;
    switch (part_) {
      case EntryPart::body:
        return entry.body;
      case EntryPart::attributes:
        return Value::of_map(&entry.attributes(evaluation.arena));
      case EntryPart::resource:
        return Value::of_map(&entry.resource(evaluation.arena));
      case EntryPart::timestamp:
        return entry.has_time ? Value::of_time(entry.time_ns) : Value();
    }
    return {};
  }

 private:
  EntryPart part_;
};

class ListNode final : public ExpressionNode {
 public:
  explicit ListNode(std::vector<NodePointer> items) : ExpressionNode(StaticType::list), items_(std::move(items)) {}
  Value evaluate(Evaluation& evaluation) const override {
    if (!evaluation.spend_bytes(items_.size() * sizeof(Value))) return {};
    List* list = List::create(evaluation.arena, static_cast<uint32_t>(items_.size()));
    for (const NodePointer& item : items_) {
      Value value = item->evaluate(evaluation);
      if (evaluation.has_failed()) return {};
      list->push_back(evaluation.arena, value);
    }
    return Value::of_list(list);
  }

 private:
  std::vector<NodePointer> items_;
};

class MapNode final : public ExpressionNode {
 public:
  explicit MapNode(std::vector<std::pair<NodePointer, NodePointer>> members)
      : ExpressionNode(StaticType::map), members_(std::move(members)) {}
  Value evaluate(Evaluation& evaluation) const override {
    if (!evaluation.spend_bytes(members_.size() * sizeof(Member))) return {};
    Map* map = Map::create(evaluation.arena, static_cast<uint32_t>(members_.size()));
    for (const auto& [key_node, value_node] : members_) {
      Value key = key_node->evaluate(evaluation);
      Value value = evaluation.has_failed() ? Value() : value_node->evaluate(evaluation);
      if (evaluation.has_failed()) return {};
      if (!key.is_text()) return evaluation.fail("a key of a map is not a text but", type_name(key.type));
      map->set(evaluation.arena, key.text(), value);
    }
    return Value::of_map(map);
  }

 private:
  std::vector<std::pair<NodePointer, NodePointer>> members_;
};

class VariableNode final : public ExpressionNode {
 public:
  VariableNode(size_t slot, StaticType type) : ExpressionNode(type), slot_(slot) {}
  Value evaluate(Evaluation& evaluation) const override { return evaluation.variables[slot_]; }

 private:
  size_t slot_;
};

class LetNode final : public ExpressionNode {
 public:
  LetNode(size_t slot, NodePointer value, NodePointer rest)
      : ExpressionNode(rest->type()), slot_(slot), value_(std::move(value)), rest_(std::move(rest)) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value value = value_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (!evaluation.variables) evaluation.variables = evaluation.arena.allocate_array<Value>(max_variables);
    evaluation.variables[slot_] = value;
    return rest_->evaluate(evaluation);
  }

 private:
  size_t slot_;
  NodePointer value_;
  NodePointer rest_;
};

enum class FramePart : uint8_t { element, index, accumulator };

class FrameNode final : public ExpressionNode {
 public:
  explicit FrameNode(FramePart part) : ExpressionNode(part == FramePart::index ? StaticType::integer : StaticType::any), part_(part) {}
  Value evaluate(Evaluation& evaluation) const override {
    const Frame& frame = *evaluation.frame;
    return part_ == FramePart::element ? frame.element : part_ == FramePart::index ? Value::of_integer(frame.index) : frame.accumulator;
  }

 private:
  FramePart part_;
};

class MemberNode final : public ExpressionNode {
 public:
  MemberNode(NodePointer object, NodePointer key, bool is_optional)
      : ExpressionNode(StaticType::any), object_(std::move(object)), key_(std::move(key)), is_optional_(is_optional) {}
  Value evaluate(Evaluation& evaluation) const override {
    Value object = object_->evaluate(evaluation);
    if (evaluation.has_failed() || evaluation.is_chain_broken) return {};
    if (object.is_nil() && is_optional_) {
      evaluation.is_chain_broken = true;
      return {};
    }
    Value key = key_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    return member_of(evaluation, object, key);
  }

 private:
  NodePointer object_;
  NodePointer key_;
  bool is_optional_;
};

class ChainNode final : public ExpressionNode {
 public:
  explicit ChainNode(NodePointer inside) : ExpressionNode(StaticType::any), inside_(std::move(inside)) {}
  Value evaluate(Evaluation& evaluation) const override {
    bool was_broken = std::exchange(evaluation.is_chain_broken, false);
    Value value = inside_->evaluate(evaluation);
    if (evaluation.is_chain_broken) value = {};
    evaluation.is_chain_broken = was_broken;
    return value;
  }

 private:
  NodePointer inside_;
};

class SliceNode final : public ExpressionNode {
 public:
  SliceNode(NodePointer object, NodePointer from, NodePointer to)
      : ExpressionNode(object->type() == StaticType::text ? StaticType::text : StaticType::any),
        object_(std::move(object)),
        from_(std::move(from)),
        to_(std::move(to)) {}

  Value evaluate(Evaluation& evaluation) const override {
    Value object = object_->evaluate(evaluation);
    if (evaluation.has_failed()) return {};
    if (!object.is_text() && !object.is_list()) return evaluation.fail("cannot take a slice of", type_name(object.type));
    int64_t size = object.is_text() ? object.size : object.list->count;
    int64_t from = std::max<int64_t>(0, bound(evaluation, from_, 0, size));
    int64_t to = std::clamp<int64_t>(bound(evaluation, to_, size, size), 0, size);
    if (evaluation.has_failed()) return {};
    from = std::min(from, to);
    // Bounds count bytes, so a slice may cut a character.
    if (object.is_text()) return utf8_text(evaluation, object.text().substr(static_cast<size_t>(from), static_cast<size_t>(to - from)));
    List* list = List::create(evaluation.arena, static_cast<uint32_t>(to - from));
    if (!evaluation.spend_bytes(static_cast<size_t>(to - from) * sizeof(Value))) return {};
    for (int64_t i = from; i < to; i++) list->push_back(evaluation.arena, object.list->items[i]);
    return Value::of_list(list);
  }

 private:
  static int64_t bound(Evaluation& evaluation, const NodePointer& node, int64_t otherwise, int64_t size) {
    if (!node || evaluation.has_failed()) return otherwise;
    Value value = node->evaluate(evaluation);
    std::optional<int64_t> number = whole_number(value);
    if (!number && !evaluation.has_failed()) evaluation.fail("a bound of a slice is not a number but", type_name(value.type));
    return !number ? otherwise : *number < 0 ? *number + size : *number;
  }

  NodePointer object_;
  NodePointer from_;
  NodePointer to_;
};

}  // namespace

std::optional<int64_t> whole_number(const Value& value) {
  if (value.type == Value::Type::integer) return value.integer;
  if (value.type == Value::Type::floating && value.floating > -9e18 && value.floating < 9e18) return static_cast<int64_t>(value.floating);
  return std::nullopt;
}

Value utf8_text(Evaluation& evaluation, std::string_view text) {
  return is_valid_utf8(text) ? Value::of_text(text) : evaluation.text(repair_utf8(text));
}

Value member_of(Evaluation& evaluation, const Value& object, const Value& key) {
  switch (object.type) {
    case Value::Type::map: {
      if (!key.is_text()) return key.is_nil() ? Value() : evaluation.fail("a key of a map must be a text, not", type_name(key.type));
      const Value* found = object.map->find(key.text());
      return found ? *found : Value();
    }
    case Value::Type::list:
    case Value::Type::text: {
      std::optional<int64_t> index = whole_number(key);
      if (!index) return evaluation.fail("cannot take a part by name of", type_name(object.type));
      int64_t size = object.is_text() ? object.size : object.list->count;
      if (*index < 0) *index += size;
      if (*index < 0 || *index >= size) return evaluation.fail("an index lies beyond the end");
      if (object.is_list()) return object.list->items[*index];
      return Value::of_integer(static_cast<unsigned char>(object.data[*index]));
    }
    default:
      return evaluation.fail("cannot take a part of", type_name(object.type));
  }
}

NodePointer constant_node(const Value& value) { return std::make_unique<ConstantNode>(value); }
NodePointer text_node(std::string text) { return std::make_unique<TextNode>(std::move(text)); }
NodePointer entry_node(EntryPart part) { return std::make_unique<EntryNode>(part); }
NodePointer list_node(std::vector<NodePointer> items) { return std::make_unique<ListNode>(std::move(items)); }
NodePointer map_node(std::vector<std::pair<NodePointer, NodePointer>> members) { return std::make_unique<MapNode>(std::move(members)); }
NodePointer variable_node(size_t slot, StaticType type) { return std::make_unique<VariableNode>(slot, type); }
NodePointer let_node(size_t slot, NodePointer value, NodePointer rest) {
  return std::make_unique<LetNode>(slot, std::move(value), std::move(rest));
}
NodePointer element_node() { return std::make_unique<FrameNode>(FramePart::element); }
NodePointer element_index_node() { return std::make_unique<FrameNode>(FramePart::index); }
NodePointer accumulator_node() { return std::make_unique<FrameNode>(FramePart::accumulator); }
NodePointer member_node(NodePointer object, NodePointer key, bool is_optional) {
  return std::make_unique<MemberNode>(std::move(object), std::move(key), is_optional);
}
NodePointer chain_node(NodePointer inside) { return std::make_unique<ChainNode>(std::move(inside)); }
NodePointer slice_node(NodePointer object, NodePointer from, NodePointer to) {
  return std::make_unique<SliceNode>(std::move(object), std::move(from), std::move(to));
}

}  // namespace vigia::operators
