// Scenario: chains of random requests, cut into parts of every size.
// Guarantee: the parts are what the Collector's batch processor makes of the same data with send_batch_max_size: a group that fits
// goes whole, another is cut with copies of what is around it. Groups that fit are not copied.

#include "otlp/split.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "otlp/count.h"
#include "otlp/protobuf_oracle.h"
#include "otlp/validate.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

using google::protobuf::Reflection;

// The field of a message that leads to the items: the data of a metric, else the one repeated field of groups, items or points.
const FieldDescriptor* children_of(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.name() == "Metric") {
    const auto* data = type.FindOneofByName("data");
    return message.GetReflection()->GetOneofFieldDescriptor(message, data);
  }
  if (const FieldDescriptor* points = type.FindFieldByName("data_points")) return points;
  bool is_request = type.full_name().find("collector") != std::string::npos;
  return type.FindFieldByNumber(is_request ? 1 : 2);
}

bool holds_items(const Message& message) {
  const FieldDescriptor* children = children_of(message);
  return children && (children->name() == "spans" || children->name() == "log_records" || children->name() == "data_points");
}

std::vector<Message*> take_out(Message& message, const FieldDescriptor* field) {
  std::vector<Message*> children;
  const Reflection* reflection = message.GetReflection();
  if (!field->is_repeated()) return {reflection->ReleaseMessage(&message, field)};
  while (reflection->FieldSize(message, field) > 0) children.insert(children.begin(), reflection->ReleaseLast(&message, field));
  return children;
}

void put_in(Message& message, const FieldDescriptor* field, Message* child) {
  const Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) {
    reflection->AddAllocatedMessage(&message, field, child);
  } else {
    reflection->SetAllocatedMessage(&message, child, field);
  }
}

size_t items_in(const Message& message) {
  const FieldDescriptor* field = children_of(message);
  if (!field) return 0;
  const Reflection* reflection = message.GetReflection();
  if (!field->is_repeated()) return items_in(reflection->GetMessage(message, field));
  size_t count = 0;
  for (int i = 0; i < reflection->FieldSize(message, field); i++) {
    count += holds_items(message) ? 1 : items_in(reflection->GetRepeatedMessage(message, field, i));
  }
  return count;
}

// Moves up to `room` items from one tree into a new one, the way the Collector's splitTraces does. Null when nothing is left of
// the source.
std::unique_ptr<Message> split_off(Message& source, size_t& room, bool& is_emptied) {
  const FieldDescriptor* field = children_of(source);
  std::vector<Message*> children = take_out(source, field);
  std::unique_ptr<Message> part(source.New());
  part->CopyFrom(source);
  bool has_rest = false;
  for (Message* child : children) {
    size_t count = holds_items(source) ? 1 : items_in(*child);
    if (room > 0 && count <= room) {
      room -= count;
      put_in(*part, field, child);
      continue;
    }
    bool child_is_emptied = false;
    if (room > 0) put_in(*part, field, split_off(*child, room, child_is_emptied).release());
    if (child_is_emptied) {
      delete child;
      continue;
    }
    put_in(source, field, child);
    has_rest = true;
  }
  is_emptied = !has_rest;
  return part;
}

std::unique_ptr<Message> next_part(Message& source, size_t most_items) {
  if (items_in(source) <= most_items) {
    std::unique_ptr<Message> all(source.New());
    all->GetReflection()->Swap(all.get(), &source);
    return all;
  }
  bool is_emptied;
  return split_off(source, most_items, is_emptied);
}

class SplitTest : public OracleTest {
 protected:
  struct Input {
    Chain chain;
    size_t item_count = 0;
    std::unique_ptr<Message> tree;
  };
  Input make(Signal signal, uint64_t seed) {
    RandomWireOptions options;
    options.has_unknown_on_top = false;
    RandomWire wire(seed, options);
    Input input;
    std::string joined;
    for (uint64_t i = wire.random().below(4) + 1; i > 0; i--) {
      auto checked = validate(signal, slice(wire.message(*oracle_->request(signal))), ledger_);
      EXPECT_TRUE(checked.is_ok());
      joined += checked->body.view();
      input.item_count += checked->item_count;
      input.chain.append(checked->body);
    }
    input.tree = oracle_->parse(signal, joined);
    return input;
  }
};

TEST_F(SplitTest, CutsAsTheCollectorDoes) {
  size_t cuts = 0;
  for (Signal signal : all_signals) {
    for (uint64_t seed = 0; seed < 400; seed++) {
      Input input = make(signal, seed);
      Random random(seed);
      ASSERT_EQ(items_in(*input.tree), input.item_count);
      Splitter splitter(signal, input.chain, input.item_count, ledger_);
      size_t left = input.item_count;
      while (splitter.items_left() > 0) {
        size_t most = 1 + random.below(random.below(3) ? 4 : 40);
        SCOPED_TRACE(std::string(signal_name(signal)) + " seed " + std::to_string(seed) + " most " + std::to_string(most) + " left " +
                     std::to_string(left));
        auto expected = next_part(*input.tree, most);
        Part part = splitter.next(most);
        ASSERT_EQ(part.item_count, std::min(most, left));
        size_t counted = 0;
        for (const Slice& slice : part.payload.slices()) {
          ASSERT_TRUE(validate(signal, slice, ledger_).is_ok());
          counted += count_items(signal, slice.view());
        }
        ASSERT_EQ(counted, part.item_count);
        auto actual = oracle_->parse(signal, part.payload.to_string());
        ASSERT_NE(actual, nullptr);
        ASSERT_EQ(difference(*expected, *actual), "");
        left -= part.item_count;
        ASSERT_EQ(splitter.items_left(), left);
        cuts++;
      }
      ASSERT_EQ(left, 0u);
    }
  }
  EXPECT_GT(cuts, 2000u);
}

std::string field(uint32_t number, std::string_view content) {
  std::string bytes;
  append_bytes_field(bytes, number, content);
  return bytes;
}
// A ResourceSpans with so many empty spans.
std::string group_of(int spans) {
  std::string scope;
  for (int i = 0; i < spans; i++) scope += field(2, "");
  return field(1, field(1, "") + field(2, scope));
}

TEST(SplitterTest, DoesNotCopyWhatFits) {
  MemoryLedger ledger;
  Slice first = Slice::copy_of(group_of(3) + group_of(2) + group_of(4), ledger);
  Slice second = Slice::copy_of(group_of(6), ledger);
  Chain chain(first);
  chain.append(second);
  Splitter splitter(Signal::traces, chain, 15, ledger);
  Part part = splitter.next(5);
  ASSERT_EQ(part.payload.slices().size(), 1u);
  EXPECT_EQ(part.payload.slices()[0].data(), first.data());
  part = splitter.next(10);
  ASSERT_EQ(part.payload.slices().size(), 2u);
  EXPECT_TRUE(part.payload.slices()[0].buffer().is_same_block(first.buffer()));
  EXPECT_EQ(part.payload.slices()[1].data(), second.data());
  EXPECT_EQ(splitter.items_left(), 0u);
}

TEST(SplitterTest, EndsAlsoWhenItWasToldAWrongCount) {
  MemoryLedger ledger;
  for (size_t told : {1u, 7u, 100u}) {
    Splitter splitter(Signal::traces, Chain(Slice::copy_of(group_of(3) + group_of(4), ledger)), told, ledger);
    size_t items = 0;
    for (int i = 0; i < 100 && splitter.items_left() > 0; i++) {
      Part part = splitter.next(2);
      for (const Slice& slice : part.payload.slices()) items += count_items(Signal::traces, slice.view());
    }
    EXPECT_EQ(splitter.items_left(), 0u) << told;
    EXPECT_EQ(items, 7u) << told;
  }
}

TEST(SplitterTest, TakesTrailingEmptyGroupsAlong) {
  MemoryLedger ledger;
  std::string bytes = group_of(2) + group_of(0) + group_of(2) + group_of(0);
  Splitter splitter(Signal::traces, Chain(Slice::copy_of(bytes, ledger)), 4, ledger);
  EXPECT_EQ(splitter.next(2).payload.to_string(), group_of(2));
  EXPECT_EQ(splitter.next(2).payload.to_string(), group_of(0) + group_of(2) + group_of(0));
}

}  // namespace

}  // namespace vigia::otlp
