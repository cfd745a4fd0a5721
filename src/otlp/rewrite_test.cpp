// Scenario: random requests are filtered and rewritten at every level, on the wire and in libprotobuf's object tree.
// Guarantee: both come to the same, unknown fields included; what is not touched is not copied; what is emptied disappears.

#include "otlp/rewrite.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "otlp/protobuf_oracle.h"
#include "otlp/validate.h"

namespace vigia::otlp {

namespace {

constexpr Level all_levels[] = {Level::resource_group, Level::resource,   Level::scope_group, Level::scope,
                                Level::item,           Level::span_event, Level::span_link,   Level::data_point};

bool exists(Level level, Signal signal) {
  if (level == Level::data_point) return signal == Signal::metrics;
  if (level == Level::span_event || level == Level::span_link) return signal == Signal::traces;
  return true;
}

// The numbers of the fields that lead to a level; -1 is the data of a metric.
std::vector<int> path_to(Level level) {
  switch (level) {
    case Level::resource_group:
      return {1};
    case Level::resource:
      return {1, 1};
    case Level::scope_group:
      return {1, 2};
    case Level::scope:
      return {1, 2, 1};
    case Level::item:
      return {1, 2, 2};
    case Level::span_event:
      return {1, 2, 2, 11};
    case Level::span_link:
      return {1, 2, 2, 13};
    case Level::data_point:
      return {1, 2, 2, -1, 1};
  }
  return {};
}

// Visits the tree as the wire walk does. `visit` says whether the message stays. Gives the number of children that stay.
class TreeWalk {
 public:
  TreeWalk(Level level, bool removes_empty, std::function<bool(Message&)> visit)
      : path_(path_to(level)), removes_empty_(removes_empty), visit_(std::move(visit)) {}

  size_t walk(Message& message, size_t depth = 0) {
    const FieldDescriptor* field = field_at(message, depth);
    if (!field) return 1;
    bool is_target = depth + 1 == path_.size();
    auto stays = [&](Message& child) {
      if (is_target) return visit_(child);
      size_t kept = walk(child, depth + 1);
      return kept > 0 || !removes_empty_;
    };
    const auto* reflection = message.GetReflection();
    if (!field->is_repeated()) {
      bool keeps = stays(*reflection->MutableMessage(&message, field));
      if (!keeps) reflection->ClearField(&message, field);
      bool is_side = is_target && field->number() == 1;
      return keeps || is_side ? 1 : 0;
    }
    std::vector<Message*> children;
    while (reflection->FieldSize(message, field) > 0) children.insert(children.begin(), reflection->ReleaseLast(&message, field));
    size_t kept = 0;
    for (Message* child : children) {
      if (stays(*child)) {
        reflection->AddAllocatedMessage(&message, field, child);
        kept++;
      } else {
        delete child;
      }
    }
    bool is_side = path_.back() == 11 || path_.back() == 13;
    return is_target && is_side ? 1 : kept;
  }

 private:
  const FieldDescriptor* field_at(const Message& message, size_t depth) {
    const Descriptor* type = message.GetDescriptor();
    if (path_[depth] >= 0) return type->FindFieldByNumber(path_[depth]);
    return message.GetReflection()->GetOneofFieldDescriptor(message, type->FindOneofByName("data"));
  }

  std::vector<int> path_;
  bool removes_empty_;
  std::function<bool(Message&)> visit_;
};

class RewriteTest : public OracleTest {
 protected:
  template <typename Run>
  void for_each_case(Run run) {
    for (Signal signal : all_signals) {
      for (uint64_t seed = 0; seed < 120; seed++) {
        auto checked = validate(signal, slice(RandomWire(seed, options_).message(*oracle_->request(signal))), ledger_);
        ASSERT_TRUE(checked.is_ok());
        for (Level level : all_levels) {
          if (!exists(level, signal)) continue;
          SCOPED_TRACE(std::string(signal_name(signal)) + " seed " + std::to_string(seed) + " level " +
                       std::to_string(static_cast<int>(level)));
          run(signal, level, checked->body, seed);
          if (HasFailure()) return;
        }
      }
    }
  }
  RandomWireOptions options_;
};

// The same sequence of verdicts for both walks.
std::function<Verdict()> verdicts(uint64_t seed, uint64_t keep_of_8, uint64_t edit_of_8) {
  auto random = std::make_shared<Random>(seed);
  return [random, keep_of_8, edit_of_8] {
    uint64_t draw = random->below(8);
    return draw < keep_of_8 ? Verdict::keep : draw < keep_of_8 + edit_of_8 ? Verdict::edit : Verdict::drop;
  };
}

TEST_F(RewriteTest, KeepsDropsAndEditsLikeAnObjectTree) {
  size_t changed = 0;
  for_each_case([&](Signal signal, Level level, const Slice& body, uint64_t seed) {
    auto tree = oracle_->parse(signal, body.view());
    uint64_t keep = seed % 3 == 0 ? 0 : 3;
    uint64_t edit = seed % 3 == 1 ? 0 : 3;
    auto next = verdicts(seed, keep, edit);
    int edits = 0;
    Slice rewritten = rewrite_some(
        body, level, [&](const Place&, std::string_view) { return next(); },
        [&](const Place&, std::string_view old, Appender& out) {
          out.append(old);
          append_bytes_field(out, 1000, std::to_string(edits++) + std::string(static_cast<size_t>(seed) % 150, '.'));
        });
    next = verdicts(seed, keep, edit);
    edits = 0;
    bool removes_empty =
        level == Level::resource_group || level == Level::scope_group || level == Level::item || level == Level::data_point;
    size_t kept = TreeWalk(level, removes_empty, [&](Message& message) {
                    Verdict verdict = next();
                    if (verdict != Verdict::edit) return verdict == Verdict::keep;
                    std::string added = std::to_string(edits++) + std::string(static_cast<size_t>(seed) % 150, '.');
                    message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(1000, added);
                    return true;
                  }).walk(*tree);
    if (kept == 0 && removes_empty) {
      EXPECT_TRUE(rewritten.empty());
      return;
    }
    ASSERT_TRUE(rewritten.empty() || validate(signal, rewritten, ledger_).is_ok());
    auto actual = oracle_->parse(signal, rewritten.view());
    ASSERT_NE(actual, nullptr);
    // The tree walk gives every message that it asks for a resource and a scope; on the wire they may stay unset.
    TreeWalk(level, false, [](Message&) { return true; }).walk(*actual);
    TreeWalk(level, false, [](Message&) { return true; }).walk(*tree);
    EXPECT_EQ(difference(*tree, *actual), "");
    changed += rewritten.data() != body.data();
  });
  EXPECT_GT(changed, 500u);
}

TEST_F(RewriteTest, FilterTellsWhatLiesAround) {
  for_each_case([&](Signal, Level level, const Slice& body, uint64_t) {
    if (level != Level::item) return;
    std::vector<std::string_view> expected;
    for_each_item(body.view(), [&](const ResourceGroup& group, const ScopeGroup& scope_group, std::string_view item) {
      expected.insert(expected.end(), {group.resource().message(), scope_group.scope().message(), item});
    });
    std::vector<std::string_view> seen;
    filter_messages(body, level, [&](const Place& place, std::string_view item) {
      seen.insert(seen.end(), {place.group.resource().message(), place.scope_group.scope().message(), item});
      return true;
    });
    EXPECT_EQ(seen, expected);
  });
}

std::string field(uint32_t number, std::string_view content) {
  std::string bytes;
  append_bytes_field(bytes, number, content);
  return bytes;
}

class RewriteWireTest : public ::testing::Test {
 protected:
  Slice slice(std::string_view bytes) { return Slice::copy_of(bytes, ledger_); }
  MemoryLedger ledger_;
};

TEST_F(RewriteWireTest, GivesBackTheSameSliceWhenNothingChanges) {
  Slice body = slice(field(1, field(1, "") + field(2, field(2, field(5, "a")) + field(2, field(5, "b")))));
  int64_t held_bytes = ledger_.held_bytes();
  Slice kept = filter_messages(body, Level::item, [](const Place&, std::string_view) { return true; });
  EXPECT_EQ(kept.data(), body.data());
  EXPECT_EQ(kept.size(), body.size());
  EXPECT_EQ(ledger_.held_bytes(), held_bytes);
}

TEST_F(RewriteWireTest, RemovesWhatIsEmptiedAndKeepsTheRest) {
  auto span = [](std::string_view name) { return field(2, field(5, name)); };
  std::string emptied = field(1, field(1, "") + field(2, span("x") + span("x")) + field(3, "url"));
  std::string mixed = field(1, field(2, span("x")) + field(2, span("a") + span("x") + field(3, "url")));
  Slice body = slice(emptied + mixed + emptied);
  auto is_kept = [](const Place&, std::string_view span) { return SpanView(span).name() != "x"; };
  EXPECT_EQ(filter_messages(body, Level::item, is_kept).view(), field(1, field(2, span("a") + field(3, "url"))));
  EXPECT_TRUE(filter_messages(slice(emptied + emptied), Level::item, is_kept).empty());
  EXPECT_TRUE(filter_messages(Slice(), Level::item, is_kept).empty());
}

TEST_F(RewriteWireTest, AMetricWithoutPointsLeftDisappears) {
  auto metric = [](std::string_view name, std::string_view points) { return field(2, field(1, name) + field(5, points)); };
  std::string no_kind = field(2, field(1, "none"));
  Slice body = slice(field(1, field(2, metric("a", field(1, "")) + metric("b", "") + no_kind)));
  Slice kept = filter_messages(body, Level::data_point, [](const Place& place, std::string_view) {
    EXPECT_EQ(place.metric_kind, MetricKind::gauge);
    EXPECT_EQ(MetricView(place.item).name(), "a");
    return false;
  });
  EXPECT_EQ(kept.view(), field(1, field(2, no_kind)));
}

TEST_F(RewriteWireTest, AddsAResourceWhereThereIsNone) {
  Slice body = slice(field(1, field(2, "")) + field(1, field(1, "old") + field(2, "")));
  Slice edited = rewrite_messages(body, Level::resource, [](const Place&, std::string_view old, Appender& out) {
    out.append(old);
    out.append("+new");
  });
  EXPECT_EQ(edited.view(), field(1, field(1, "+new") + field(2, "")) + field(1, field(1, "old+new") + field(2, "")));
}

TEST_F(RewriteWireTest, LengthsGrowOverTheirFirstByteAtEveryLevel) {
  for (size_t size : {100u, 127u, 128u, 200u, 16383u, 16384u, 20000u}) {
    Slice body = slice(field(1, field(2, field(2, field(5, "a")))));
    std::string name(size, 'n');
    Slice edited =
        rewrite_messages(body, Level::item, [&](const Place&, std::string_view, Appender& out) { append_bytes_field(out, 5, name); });
    EXPECT_EQ(edited.view(), field(1, field(2, field(2, field(5, name)))));
    Slice shrunk =
        rewrite_messages(edited, Level::item, [&](const Place&, std::string_view, Appender& out) { append_bytes_field(out, 5, "a"); });
    EXPECT_EQ(shrunk.view(), body.view());
  }
}

}  // namespace

}  // namespace vigia::otlp
