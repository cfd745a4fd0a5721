// Scenario: good, damaged and hostile requests at the door.
// Guarantee: it lets in exactly what libprotobuf and our own written rules accept, puts right what can be put right without
// changing anything else, and says of the rest what is wrong and where.

#include "otlp/validate.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/utf8.h"
#include "otlp/protobuf_oracle.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

// The rules of validate.h in the most obvious form, from libprotobuf's own descriptors.
class Judge {
 public:
  explicit Judge(std::string_view message) : rest_(message) {}

  bool accepts(const Descriptor& type, int levels) {
    while (!rest_.empty()) {
      uint64_t key;
      if (!read_varint(key, 5) || key > UINT32_MAX || key < 8) return false;
      auto wire_type = static_cast<int>(key & 7);
      if (!accepts_field(type.FindFieldByNumber(static_cast<int>(key >> 3)), wire_type, levels)) return false;
    }
    return true;
  }

 private:
  bool accepts_field(const FieldDescriptor* field, int wire_type, int levels) {
    std::string_view content;
    uint64_t ignored;
    switch (wire_type) {
      case 0:
        if (!read_varint(ignored, 10)) return false;
        break;
      case 1:
        if (!read_bytes(8, content)) return false;
        break;
      case 5:
        if (!read_bytes(4, content)) return false;
        break;
      case 2: {
        uint64_t length;
        if (!read_varint(length, 5) || !read_bytes(length, content)) return false;
        break;
      }
      default:
        return false;
    }
    if (!field) return true;
    bool is_packed = field->is_packable() && wire_type == 2;
    if (is_packed) return accepts_packed(*field, content);
    if (wire_type != wire_type_of(*field)) return false;
    if (field->name() == "trace_id") return content.empty() || content.size() == 16;
    if (field->name() == "span_id" || field->name() == "parent_span_id") return content.empty() || content.size() == 8;
    if (!field->message_type()) return true;
    if (field->message_type()->name() == "AnyValue" && ++levels > 64) return false;
    return Judge(content).accepts(*field->message_type(), levels);
  }
  static bool accepts_packed(const FieldDescriptor& field, std::string_view content) {
    if (wire_type_of(field) == 1) return content.size() % 8 == 0;
    Judge numbers(content);
    uint64_t ignored;
    while (!numbers.rest_.empty()) {
      if (!numbers.read_varint(ignored, 10)) return false;
    }
    return true;
  }
  static int wire_type_of(const FieldDescriptor& field) {
    switch (field.type()) {
      case FieldDescriptor::TYPE_MESSAGE:
      case FieldDescriptor::TYPE_STRING:
      case FieldDescriptor::TYPE_BYTES:
        return 2;
      case FieldDescriptor::TYPE_DOUBLE:
      case FieldDescriptor::TYPE_FIXED64:
      case FieldDescriptor::TYPE_SFIXED64:
        return 1;
      case FieldDescriptor::TYPE_FIXED32:
        return 5;
      default:
        return 0;
    }
  }
  bool read_varint(uint64_t& value, size_t most_bytes) {
    value = 0;
    for (size_t i = 0; i < most_bytes && i < rest_.size(); i++) {
      auto byte = static_cast<unsigned char>(rest_[i]);
      value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
      if (byte >= 0x80) continue;
      rest_.remove_prefix(i + 1);
      return true;
    }
    return false;
  }
  bool read_bytes(uint64_t size, std::string_view& content) {
    if (size > rest_.size()) return false;
    content = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

// Repairs every string in the tree. The message's own schema has bytes in their place; `type` has strings.
void repair_strings(Message& message, const Descriptor& type) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < type.field_count(); i++) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByNumber(type.field(i)->number());
    bool is_text = type.field(i)->type() == FieldDescriptor::TYPE_STRING;
    if (field->is_repeated()) {
      for (int k = 0; k < reflection->FieldSize(message, field); k++) {
        if (is_text) reflection->SetRepeatedString(&message, field, k, repair_utf8(reflection->GetRepeatedString(message, field, k)));
        if (field->message_type()) repair_strings(*reflection->MutableRepeatedMessage(&message, field, k), *type.field(i)->message_type());
      }
    } else if (reflection->HasField(message, field)) {
      if (is_text) reflection->SetString(&message, field, repair_utf8(reflection->GetString(message, field)));
      if (field->message_type()) repair_strings(*reflection->MutableMessage(&message, field), *type.field(i)->message_type());
    }
  }
}

class ValidateTest : public OracleTest {
 protected:
  // Compares the door's verdict with that of the judge and of libprotobuf. Says whether it let the request in.
  bool compare(Signal signal, const std::string& bytes) {
    auto message = oracle_->parse(signal, bytes, Oracle::Text::raw);
    bool is_good = Judge(bytes).accepts(*oracle_->request(signal), 0);
    EXPECT_TRUE(!is_good || message) << "the judge is too lenient";
    Slice body = slice(bytes);
    auto checked = validate(signal, body, ledger_);
    EXPECT_EQ(checked.is_ok(), is_good) << (checked.is_ok() ? "let in" : checked.status().message());
    if (!is_good || !checked.is_ok() || !message) return false;
    repair_strings(*message, *oracle_->request(signal));
    auto expected = oracle_->parse(signal, message->SerializeAsString());
    auto actual = oracle_->parse(signal, checked->body.view());
    if (!expected || !actual) {
      ADD_FAILURE() << "libprotobuf refuses what was put right";
      return false;
    }
    EXPECT_EQ(difference(*expected, *actual), "");
    EXPECT_TRUE(checked->repaired_strings == 0 || !checked->body.buffer().is_same_block(body.buffer()));
    // What was put right once needs nothing more.
    auto again = validate(signal, checked->body, ledger_);
    EXPECT_TRUE(again.is_ok() && again->body.buffer().is_same_block(checked->body.buffer()));
    EXPECT_TRUE(again.is_ok() && again->item_count == checked->item_count);
    return true;
  }
};

TEST_F(ValidateTest, LetsInAndRepairsWhatItShould) {
  RandomWireOptions options;
  options.has_bad_text = true;
  size_t let_in = 0;
  for (Signal signal : all_signals) {
    for (uint64_t seed = 0; seed < 250; seed++) {
      options.percent_bad_ids = seed % 4 == 0 ? 1 : 0;
      SCOPED_TRACE(std::string(signal_name(signal)) + " seed " + std::to_string(seed));
      let_in += compare(signal, RandomWire(seed, options).message(*oracle_->request(signal)));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(let_in, 500u);
}

TEST_F(ValidateTest, AgreesAboutDamagedBytes) {
  size_t let_in = 0;
  constexpr size_t rounds = 6000;
  for (uint64_t seed = 0; seed < rounds; seed++) {
    Signal signal = all_signals[seed % 3];
    SCOPED_TRACE("seed " + std::to_string(seed));
    // Half of the requests are perfect before they are damaged, so that nothing but the damage sets the repair going.
    RandomWireOptions options;
    options.has_twice = seed % 2 == 0;
    RandomWire wire(1000 + seed / 10, options);
    std::string bytes = wire.message(*oracle_->request(signal));
    Random random(seed);
    if (bytes.empty()) continue;
    if (random.below(5) == 0) bytes.resize(random.below(bytes.size()));
    for (uint64_t i = random.below(4); i > 0 && !bytes.empty(); i--) {
      char& c = bytes[random.below(bytes.size())];
      c = static_cast<char>(random.below(2) ? random.next() : static_cast<uint64_t>(c) ^ uint64_t{1} << random.below(8));
    }
    let_in += compare(signal, bytes);
    if (HasFailure()) return;
  }
  // Enough on both sides for the comparison to mean something.
  EXPECT_GT(let_in, rounds / 20);
  EXPECT_LT(let_in, rounds * 19 / 20);
}

TEST_F(ValidateTest, AgreesAboutRandomFieldSoup) {
  Random random(5);
  for (int round = 0; round < 100000; round++) {
    // Short messages of bytes that are often keys and lengths, so that many are nearly right.
    std::string bytes;
    for (uint64_t i = random.below(24); i > 0; i--)
      bytes += "\x0A\x12\x02\x04\x08\x01\x00\x1A\x4A\x80\xFF\x09\x0D\x0B\x3A"[random.below(15)];
    compare(all_signals[random.below(3)], bytes);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

// The content of nested messages, written from the inside out.
std::string field(uint32_t number, std::string_view content) {
  std::string bytes;
  append_bytes_field(bytes, number, content);
  return bytes;
}
std::string in_span(std::string_view span) { return field(1, field(2, field(2, span))); }

// No oracle is needed below.
class DoorTest : public ::testing::Test {
 protected:
  Result<Checked> check(std::string_view bytes, Signal signal = Signal::traces) {
    return validate(signal, Slice::copy_of(bytes, ledger_), ledger_);
  }
  std::string refusal(std::string_view bytes, Signal signal = Signal::traces) {
    auto checked = check(bytes, signal);
    if (checked.is_ok()) return "let in";
    EXPECT_EQ(checked.status().code(), StatusCode::invalid_argument);
    return checked.status().message();
  }
  MemoryLedger ledger_;
};

TEST_F(DoorTest, NamesTheFieldThatIsWrong) {
  std::string good_span = in_span("");
  std::string scope_with_17_spans;
  for (int i = 0; i < 17; i++) scope_with_17_spans += field(2, "");
  std::string bytes = good_span + good_span + good_span + field(1, field(2, scope_with_17_spans + field(2, field(1, "fifteen bytes..."))));
  EXPECT_EQ(refusal(bytes), "let in");
  bytes = good_span + good_span + good_span + field(1, field(2, scope_with_17_spans + field(2, field(1, "fifteen bytes.."))));
  EXPECT_EQ(refusal(bytes), "ResourceSpans[3].ScopeSpans[0].Span[17].trace_id: 15 bytes; expected 0 or 16 (at byte 58)");

  EXPECT_EQ(refusal(in_span(field(4, "seven.."))),
            "ResourceSpans[0].ScopeSpans[0].Span[0].parent_span_id: 7 bytes; expected 0 or 8 (at byte 6)");
  EXPECT_EQ(refusal(in_span(field(11, "") + field(11, field(1, "time")))),
            "ResourceSpans[0].ScopeSpans[0].Span[0].events[1].time_unix_nano: wire type 2; expected 1 (at byte 10)");
  EXPECT_EQ(refusal(in_span(field(9, field(1, "k") + field(2, field(6, field(1, field(2, "\x08\x01"))))))),
            "ResourceSpans[0].ScopeSpans[0].Span[0].attributes[0].value.kvlist_value.values[0].value.string_value: "
            "wire type 0; expected 2 (at byte 19)");
  EXPECT_EQ(refusal(field(1, field(2, field(2, field(5, field(1, field(7, "\x0A"))))))), "let in");
  EXPECT_EQ(refusal(field(1, field(2, field(2, field(5, field(1, field(7, "\x0A")))))), Signal::metrics),
            "ResourceMetrics[0].ScopeMetrics[0].Metric[0].gauge.data_points[0].attributes[0].key: the message ends inside the field (at "
            "byte 12)");
}

TEST_F(DoorTest, KeysAndLengthsMayBeLongerThanNeededUpToFiveBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(refusal("\x8A\x80\x80\x80\x00\x00"sv), "let in");
  EXPECT_EQ(refusal("\x8A\x80\x80\x80\x80\x00\x00"sv), "ResourceSpans[0]: the field's key is broken or cut short (at byte 0)");
  EXPECT_EQ(refusal("\x0A\x80\x80\x80\x80\x00"sv), "let in");
  EXPECT_EQ(refusal("\x0A\x80\x80\x80\x80\x80\x00"sv), "ResourceSpans[0]: the message ends inside the field (at byte 0)");
}

TEST_F(DoorTest, RefusesBrokenFraming) {
  EXPECT_EQ(refusal(in_span("").substr(0, 3)), "ResourceSpans[0]: the message ends inside the field (at byte 0)");
  EXPECT_EQ(refusal(in_span("") + "\x0A\x7F"), "ResourceSpans[1]: the message ends inside the field (at byte 6)");
  EXPECT_EQ(refusal("\x0A"), "ResourceSpans[0]: the message ends inside the field (at byte 0)");
  EXPECT_EQ(refusal("\xFF\xFF\xFF\xFF\xFF\x01"), "request: the field's key is broken or cut short (at byte 0)");
  EXPECT_EQ(refusal(std::string("\x02\x00", 2)), "field 0: field number 0 (at byte 0)");
  EXPECT_EQ(refusal("\x0B\x0C"), "ResourceSpans[0]: wire type 3; expected 2 (at byte 0)");
  EXPECT_EQ(refusal("\xA3\x06\xA4\x06"), "field 100: wire type 3; expected 0, 1, 2 or 5 (at byte 0)");
  EXPECT_EQ(refusal(in_span("\x30\xFF")), "ResourceSpans[0].ScopeSpans[0].Span[0].kind: the number is broken or cut short (at byte 6)");
  EXPECT_EQ(refusal(field(1, field(2, field(2, field(9, field(1, field(6, "1234567")))))), Signal::metrics),
            "ResourceMetrics[0].ScopeMetrics[0].Metric[0].histogram.data_points[0].bucket_counts: packed numbers are broken (at byte 10)");
}

TEST_F(DoorTest, ABrokenBoolIsRefusedInTheShortFormToo) {
  std::string good = field(9, field(1, "is.cached") + field(2, "\x10\x01"));
  std::string bad = field(9, field(1, "is.cached") + field(2, "\x10\xFF"));
  EXPECT_EQ(refusal(in_span(good)), "let in");
  EXPECT_EQ(refusal(in_span(bad)),
            "ResourceSpans[0].ScopeSpans[0].Span[0].attributes[0].value.bool_value: the number is broken or cut short (at byte 21)");
}

// Spans that begin as nearly all do are stepped over in one go. Another field before them sends the check the long way round, and both must
// agree about every cut and every damaged byte.
TEST_F(DoorTest, TheUsualSpanIsCheckedAsStrictlyAsAnyOther) {
  std::string times = "\x39" + std::string(8, '\x11') + "\x41" + std::string(8, '\x12');
  std::string usual = field(1, "sixteen bytes ok") + field(2, "8 bytes.") + field(4, "parent..") + field(5, "GET /api/orders") +
                      "\x30\x02" + times + field(9, field(1, "http.method") + field(2, field(1, "GET"))) +
                      field(9, field(1, "is.cached") + field(2, "\x10\x01"));
  const std::string detour("\x50\x00", 2);
  size_t let_in = 0, refused = 0;
  auto compare = [&](const std::string& span, size_t at) {
    Result<Checked> quick = check(in_span(span));
    Result<Checked> slow = check(in_span(detour + span));
    ASSERT_EQ(quick.is_ok(), slow.is_ok()) << "at " << at;
    quick.is_ok() ? let_in++ : refused++;
    if (quick.is_ok()) {
      EXPECT_EQ(quick->repaired_strings, slow->repaired_strings) << "at " << at;
    }
  };
  for (size_t size = 0; size <= usual.size(); size++) compare(usual.substr(0, size), size);
  for (size_t at = 0; at < usual.size(); at++)
    for (int value = 0; value < 256; value++) {
      std::string damaged = usual;
      damaged[at] = static_cast<char>(value);
      compare(damaged, at);
    }
  EXPECT_GT(let_in, 1000u);
  EXPECT_GT(refused, 1000u);
}

// An AnyValue with this many levels of arrays in one another.
std::string nested_value(int levels) {
  std::string value = field(1, "deep");
  for (int i = 1; i < levels; i++) value = field(5, field(1, value));
  return value;
}

TEST_F(DoorTest, RefusesValuesThatNestTooDeep) {
  auto span_with = [](int levels) { return in_span(field(9, field(1, "k") + field(2, nested_value(levels)))); };
  EXPECT_EQ(refusal(span_with(max_value_levels)), "let in");
  std::string message = refusal(span_with(max_value_levels + 1));
  EXPECT_NE(message.find("attributes[0].value.array_value.values[0]"), std::string::npos) << message;
  EXPECT_NE(message.find("values nest deeper than 31 levels"), std::string::npos) << message;
  EXPECT_LT(message.size(), 600u);
  EXPECT_NE(refusal(span_with(3000)), "let in");
}

TEST_F(DoorTest, RepairsTextAndCountsIt) {
  std::string attribute = field(9, field(1, "key\xFF") + field(2, field(1, "\xC3")));
  std::string bytes = in_span(field(5, "na\xE6\x97me") + attribute + field(9, field(1, "b") + field(2, field(7, "\xFF\xFE"))));
  auto checked = check(bytes);
  ASSERT_TRUE(checked.is_ok());
  EXPECT_EQ(checked->repaired_strings, 3u);
  EXPECT_EQ(checked->item_count, 1u);
  std::string repaired = field(9, field(1, "key\xEF\xBF\xBD") + field(2, field(1, "\xEF\xBF\xBD")));
  EXPECT_EQ(checked->body.view(),
            in_span(field(5, "na\xEF\xBF\xBDme") + repaired + field(9, field(1, "b") + field(2, field(7, "\xFF\xFE")))));
}

TEST_F(DoorTest, GivesBackGoodRequestsAsTheyCame) {
  Slice body = Slice::copy_of(in_span(field(5, "naïve") + field(9, field(1, "k") + field(2, field(1, "v")))), ledger_);
  int64_t held_bytes = ledger_.held_bytes();
  auto checked = validate(Signal::traces, body, ledger_);
  ASSERT_TRUE(checked.is_ok());
  EXPECT_EQ(checked->body.data(), body.data());
  EXPECT_EQ(ledger_.held_bytes(), held_bytes);
  auto empty = validate(Signal::logs, Slice(), ledger_);
  EXPECT_TRUE(empty.is_ok() && empty->item_count == 0);
}

TEST_F(DoorTest, JoinsResourcesThatStandTwice) {
  std::string a = field(1, field(1, "a"));
  std::string b = field(1, field(1, "b"));
  auto checked = check(field(1, field(1, a) + field(3, "url") + field(1, b)), Signal::logs);
  ASSERT_TRUE(checked.is_ok());
  EXPECT_EQ(checked->body.view(), field(1, field(1, a + b) + field(3, "url")));
  EXPECT_EQ(checked->repaired_strings, 0u);
}

TEST_F(DoorTest, TheLastKindOfAValueWins) {
  auto value_of = [&](std::string_view value) {
    auto checked = check(in_span(field(9, field(2, value))));
    EXPECT_TRUE(checked.is_ok());
    std::string_view span;
    for_each_item(checked->body.view(), [&](const ResourceGroup&, const ScopeGroup&, std::string_view item) { span = item; });
    return std::string((*Attributes(span, 9).begin()).value_message);
  };
  std::string a = field(5, field(1, field(1, "a")));
  std::string b = field(5, field(1, field(1, "b")));
  std::string number = "\x18\x07";
  EXPECT_EQ(value_of(a + b), field(5, field(1, field(1, "a")) + field(1, field(1, "b"))));
  EXPECT_EQ(value_of(a + number + b), b);
  EXPECT_EQ(value_of(a + b + number), number);
  EXPECT_EQ(value_of(number + field(1, "x") + field(1, "\xFF")), field(1, "\xEF\xBF\xBD"));
}

TEST_F(DoorTest, CountsOnlyTheDataThatStays) {
  std::string gauge = field(5, field(1, "") + field(1, ""));
  std::string sum = field(7, field(1, ""));
  auto checked = check(field(1, field(2, field(2, gauge + sum + sum))), Signal::metrics);
  ASSERT_TRUE(checked.is_ok());
  EXPECT_EQ(checked->item_count, 2u);
}

}  // namespace

}  // namespace vigia::otlp
