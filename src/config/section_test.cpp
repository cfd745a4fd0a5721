// Scenario: components decode their part of a file that its author got right, odd, or wrong. Guarantee: right values arrive with
// their types, missing ones keep defaults, and every mistake is told at once with its place, what was expected and the nearest key.

#include "config/section.h"

#include <gtest/gtest.h>

#include <cmath>

#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

// A tree and one pass of decoding over it.
struct Decoding {
  Diagnostics diagnostics;
  Node root;

  explicit Decoding(std::string text) { root = read_text(std::move(text), diagnostics).value_or(Node()); }
  Decoding& run(const Section::Visitor& visit) {
    Section in(root, "", diagnostics);
    visit(in);
    in.finish();
    return *this;
  }
  std::string errors() const { return lines(diagnostics.errors()); }
  std::string warnings() const { return lines(diagnostics.warnings()); }
  static std::string lines(const std::vector<Diagnostic>& list) {
    std::string text;
    for (const Diagnostic& one : list) text += one_line(one) + "\n";
    return text;
  }
};

enum class Action { insert, update, erase };

struct TlsConfig {
  std::string ca_file;
  bool insecure = false;
};
struct BatchConfig {
  int64_t timeout_ms = 200;
  uint64_t send_batch_size = 8192;
  uint64_t send_batch_max_size = 0;
  std::vector<std::string> metadata_keys = {"default"};
  std::optional<TlsConfig> tls;
};

void decode(Section& in, TlsConfig& out) {
  in.field("ca_file", out.ca_file);
  in.field("insecure", out.insecure);
}
void decode(Section& in, BatchConfig& out) {
  in.duration_ms("timeout", out.timeout_ms);
  in.field("send_batch_size", out.send_batch_size);
  in.field("send_batch_max_size", out.send_batch_max_size);
  in.field("metadata_keys", out.metadata_keys);
  in.section("tls", [&](Section& tls) { decode(tls, out.tls.emplace()); });
  in.require(out.send_batch_max_size == 0 || out.send_batch_max_size >= out.send_batch_size, "send_batch_max_size",
             "must be at least send_batch_size");
}

TEST(Section, ReadsAComponent) {
  BatchConfig batch;
  Decoding decoding("timeout: 1.5s\nsend_batch_size: 10\nmetadata_keys: [a, b]\ntls:\n");
  decoding.run([&](Section& in) { decode(in, batch); });
  EXPECT_EQ(decoding.errors(), "");
  EXPECT_EQ(batch.timeout_ms, 1500);
  EXPECT_EQ(batch.send_batch_size, 10u);
  EXPECT_EQ(batch.metadata_keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(batch.tls.has_value());
}

TEST(Section, MissingAndNullKeepDefaults) {
  for (const char* text : {"", "{}", "timeout:\nsend_batch_size: ~\nmetadata_keys:\n"}) {
    BatchConfig batch;
    Decoding decoding(text);
    decoding.run([&](Section& in) { decode(in, batch); });
    EXPECT_EQ(decoding.errors(), "");
    EXPECT_EQ(batch.timeout_ms, 200);
    EXPECT_EQ(batch.metadata_keys, std::vector<std::string>{"default"});
    EXPECT_FALSE(batch.tls.has_value());
  }
}

TEST(Section, TellsAllErrorsAtOnce) {
  BatchConfig batch;
  Decoding decoding(
      "timeot: 1s\nsend_batch_size: many\nsend_batch_max_size: 5\nmetadata_keys: {a: b}\ntls: {insecure: yes, ca_fil: x}\nzzzzzzzzzzzz: "
      "1\n");
  decoding.run([&](Section& in) { decode(in, batch); });
  EXPECT_EQ(decoding.errors(),
            "c.yaml:2:18: send_batch_size: expected a whole number, found the text \"many\"\n"
            "c.yaml:4:16: metadata_keys: expected a list, found a map\n"
            "c.yaml:5:17: tls::insecure: expected true or false, found the text \"yes\"\n"
            "c.yaml:5:22: tls::ca_fil: unknown key; did you mean \"ca_file\"? (known keys: ca_file, insecure)\n"
            "c.yaml:3:22: send_batch_max_size: must be at least send_batch_size\n"
            "c.yaml:1:1: timeot: unknown key; did you mean \"timeout\"? (known keys: metadata_keys, send_batch_max_size, send_batch_size, "
            "timeout, tls)\n"
            "c.yaml:6:1: zzzzzzzzzzzz: unknown key (known keys: metadata_keys, send_batch_max_size, send_batch_size, timeout, tls)\n");
}

TEST(Section, RendersTheLineAndACaret) {
  BatchConfig batch;
  Decoding decoding("processors:\n  batch:\n    timeot: 1s # ño\n");
  decoding.run([&](Section& in) { in.each("processors", [&](const std::string&, Section& section) { decode(section, batch); }); });
  EXPECT_EQ(
      decoding.diagnostics.render_errors(),
      "c.yaml:3:5: processors::batch::timeot: unknown key; did you mean \"timeout\"? (known keys: metadata_keys, send_batch_max_size, "
      "send_batch_size, timeout, tls)\n"
      "        timeot: 1s # ño\n"
      "        ^\n");
  EXPECT_EQ(decoding.diagnostics.status().code(), StatusCode::invalid_argument);
}

TEST(Section, ReadsNumbersLeniently) {
  Decoding decoding("i: '123'\nhex: 0x10\nwhole: 2.0\nbool: '1'\nd: 1_000.0\ntext: 0123\ntruth: true\nnegative: -5\nexp: 1e3\nd2: 1e3\n");
  int64_t i = 0, hex = 0, whole = 0, negative = 0, exponent = 0;
  bool flag = false;
  double d2 = 0;
  std::string text, truth;
  decoding.run([&](Section& in) {
    in.field("i", i), in.field("hex", hex), in.field("whole", whole), in.field("negative", negative), in.field("exp", exponent);
    in.field("bool", flag), in.field("d2", d2), in.field("text", text), in.field("truth", truth);
    in.accept_ignored("d");
  });
  EXPECT_EQ(decoding.errors(), "");
  EXPECT_EQ(i, 123);
  EXPECT_EQ(hex, 16);
  EXPECT_EQ(whole, 2);
  EXPECT_EQ(negative, -5);
  EXPECT_EQ(exponent, 1000);
  EXPECT_TRUE(flag);
  EXPECT_EQ(d2, 1000.0);
  EXPECT_EQ(text, "0123");
  EXPECT_EQ(truth, "true");
}

TEST(Section, RefusesNumbersThatDoNotFit) {
  uint32_t small = 7;
  uint16_t port = 7;
  uint64_t positive = 7;
  int32_t whole = 7;
  Decoding decoding("small: 4294967296\nport: 70000\npositive: -1\nwhole: 1.5\n");
  decoding.run(
      [&](Section& in) { in.field("small", small), in.field("port", port), in.field("positive", positive), in.field("whole", whole); });
  EXPECT_EQ(decoding.errors(),
            "c.yaml:1:8: small: expected a whole number from 0 to 4294967295, found the number 4294967296\n"
            "c.yaml:2:7: port: expected a whole number from 0 to 65535, found the number 70000\n"
            "c.yaml:3:11: positive: expected a whole number from 0 to 18446744073709551615, found the number -1\n"
            "c.yaml:4:8: whole: expected a whole number, found the number 1.5\n");
  EXPECT_EQ(small + port + positive + static_cast<uint64_t>(whole), 28u);
}

TEST(Section, ReadsLimitsOfWholeNumbers) {
  int64_t least = 0, most = 0;
  uint64_t greatest = 0;
  Decoding decoding("least: -9223372036854775808\nmost: 9223372036854775807\ngreatest: 18446744073709551615\n");
  decoding.run([&](Section& in) { in.field("least", least), in.field("most", most), in.field("greatest", greatest); });
  EXPECT_EQ(decoding.errors(), "");
  EXPECT_EQ(least, INT64_MIN);
  EXPECT_EQ(most, INT64_MAX);
  EXPECT_EQ(greatest, UINT64_MAX);
}

TEST(Section, ReadsDurationsAndSizes) {
  int64_t a = 0, b = 0, c = 0, zero = 5;
  uint64_t size = 0;
  std::optional<int64_t> optional;
  Decoding decoding("a: 1h30m\nb: 10us\nc: 5000000000\nzero: 0\nsize: 20MiB\noptional: 2s\nbad: fast\nlist: [1s]\nbig: 10XB\n");
  decoding.run([&](Section& in) {
    in.duration_ms("a", a), in.duration_ms("b", b), in.duration_ms("c", c), in.duration_ms("zero", zero),
        in.duration_ms("optional", optional);
    in.size_bytes("size", size);
    in.duration_ms("bad", a), in.duration_ms("list", a), in.size_bytes("big", size);
  });
  EXPECT_EQ(a, 5'400'000);
  EXPECT_EQ(b, 1);
  EXPECT_EQ(c, 5000);
  EXPECT_EQ(zero, 0);
  EXPECT_EQ(size, 20u << 20);
  EXPECT_EQ(optional, 2000);
  EXPECT_EQ(decoding.warnings(), "c.yaml:3:4: c: a duration without a unit is in nanoseconds; write 5000000000s for seconds\n");
  EXPECT_EQ(decoding.errors(),
            "c.yaml:7:6: bad: expected a duration such as 200ms or 1h30m, found the text \"fast\"\n"
            "c.yaml:8:7: list: expected a duration such as 200ms or 1h30m, found a list\n"
            "c.yaml:9:6: big: expected a size such as 1048576 or 1MiB, found the text \"10XB\"\n");
}

TEST(Section, OneValueIsAListOfOne) {
  std::vector<std::string> one, several, empty = {"x"};
  std::vector<int64_t> number;
  std::vector<double> buckets;
  int maps = 0;
  Decoding decoding("one: a\nseveral: a,b\nempty: ''\nnumber: 5\nbuckets: [1, 2.5]\nmap: {k: 1}\n");
  decoding.run([&](Section& in) {
    in.field("one", one), in.field("several", several), in.field("empty", empty), in.field("number", number), in.field("buckets", buckets);
    in.list("map", [&](Section& item) {
      maps++;
      int64_t k = 0;
      EXPECT_TRUE(item.field("k", k));
    });
  });
  EXPECT_EQ(decoding.errors(), "");
  EXPECT_EQ(one, std::vector<std::string>{"a"});
  EXPECT_EQ(several, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(number, std::vector<int64_t>{5});
  EXPECT_EQ(buckets, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(maps, 1);
}

TEST(Section, ListsOfMapsAndFreeKeys) {
  std::vector<std::pair<std::string, Action>> actions;
  std::map<std::string, std::string> headers;
  Decoding decoding(
      "actions:\n- key: a\n  action: INSERT\n- key: b\n  action: upsert\n- key: c\n  actoin: delete\nheaders: {x: 1, y: two}\n");
  decoding.run([&](Section& in) {
    in.list("actions", [&](Section& item) {
      std::string key;
      Action action = Action::update;
      item.field("key", key);
      item.choice("action", action, {{"insert", Action::insert}, {"update", Action::update}, {"delete", Action::erase}});
      actions.emplace_back(key, action);
    });
    in.each("headers", [&](const std::string& key, Section& value) { value.as_string(headers[key]); });
  });
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_EQ(actions[0].second, Action::insert);
  EXPECT_EQ(headers.at("x"), "1");
  EXPECT_EQ(
      decoding.errors(),
      "c.yaml:5:11: actions[1]::action: expected one of \"insert\", \"update\", \"delete\", found \"upsert\"; did you mean \"insert\"?\n"
      "c.yaml:7:3: actions[2]::actoin: unknown key; did you mean \"action\"? (known keys: action, key)\n");
}

TEST(Section, WrongShapesAreToldOnce) {
  Decoding decoding("a: text\nb: [1]\nc: 5\nd: x\n");
  decoding.run([&](Section& in) {
    in.section("a", [](Section& s) {
      int64_t value = 0;
      s.field("x", value);
      s.field("y", value);
    });
    in.each("b", [](const std::string&, Section&) { FAIL(); });
    in.section("c", [](Section&) {});
    in.list("d", [](Section& item) { item.has("x"); });
  });
  EXPECT_EQ(decoding.errors(),
            "c.yaml:1:4: a: expected a map, found the text \"text\"\n"
            "c.yaml:2:4: b: expected a map, found a list\n"
            "c.yaml:3:4: c: expected a map, found the number 5\n"
            "c.yaml:4:4: d: expected a map, found the text \"x\"\n");
}

TEST(Section, KnownButUnusedKeys) {
  Decoding decoding("loglevel: debug\ncompaction: {a: [b]}\nremote: 1\n");
  decoding.run([](Section& in) {
    in.accept_deprecated("loglevel", "use verbosity");
    in.accept_deprecated("absent", "never told");
    in.accept_ignored("compaction");
    in.refuse("remote", "remote storage is not in this build");
  });
  EXPECT_EQ(decoding.warnings(), "c.yaml:1:11: loglevel: this key is deprecated: use verbosity\n");
  EXPECT_EQ(decoding.errors(), "c.yaml:3:9: remote: remote storage is not in this build\n");
}

TEST(Section, ErrorsPointAtItemsAndKeys) {
  Decoding decoding("receivers: {}\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: []\n");
  decoding.run([](Section& in) {
    EXPECT_NE(in.take("receivers"), nullptr);
    in.section("service", [](Section& service) {
      service.each("pipelines", [](const std::string&, Section& pipeline) {
        pipeline.list("receivers", [](Section& item) {
          std::string name;
          item.as_string(name);
          item.error("references receiver \"" + name + "\" which is not configured");
        });
        std::vector<std::string> exporters;
        pipeline.field("exporters", exporters);
        pipeline.require(!exporters.empty(), "exporters", "a pipeline needs at least one exporter");
        pipeline.require(false, "processors", "a missing key is told at the section");
      });
    });
  });
  EXPECT_EQ(decoding.errors(),
            "c.yaml:5:19: service::pipelines::traces::receivers[0]: references receiver \"otlp\" which is not configured\n"
            "c.yaml:6:7: service::pipelines::traces::exporters: a pipeline needs at least one exporter\n"
            "c.yaml:4:5: service::pipelines::traces::processors: a missing key is told at the section\n");
}

TEST(Section, OwnValuesOfEveryType) {
  bool flag = false;
  int64_t number = 0, wait_ms = 0;
  double fraction = 0;
  std::vector<std::string> texts;
  Decoding decoding("- true\n- 5\n- 2.5\n- 2s\n- [a]\n- {free: [1, {any: 2}]}\n- {x: 1}\n");
  int index = 0;
  decoding.run([&](Section& in) {
    in.items([&](Section& item) {
      switch (index++) {
        case 0:
          item.as_bool(flag);
          break;
        case 1:
          item.as_int(number);
          break;
        case 2:
          item.as_double(fraction);
          break;
        case 3:
          item.as_duration_ms(wait_ms);
          break;
        case 4:
          item.as_strings(texts);
          break;
        case 5:
          EXPECT_TRUE(item.take_all().is_map());
          break;
        default: {
          std::string text;
          item.as_string(text);
        }
      }
    });
  });
  EXPECT_TRUE(flag);
  EXPECT_EQ(number, 5);
  EXPECT_EQ(fraction, 2.5);
  EXPECT_EQ(wait_ms, 2000);
  EXPECT_EQ(texts.size(), 1u);
  EXPECT_EQ(decoding.errors(), "c.yaml:7:3: [6]: expected a text, found a map\n");
}

TEST(Section, SecretsAreNeverShown) {
  std::string password, certificate;
  Decoding decoding("dsn: [hunter2]\ndns: hunter2\n");
  decoding.run([&](Section& in) {
    in.secret("dsn", password);
    in.secret("password", certificate);
  });
  std::string text = decoding.diagnostics.render_errors();
  EXPECT_EQ(text,
            "c.yaml:1:6: dsn: expected a text, found a list\n"
            "c.yaml:2:1: dns: unknown key; did you mean \"dsn\"? (known keys: dsn, password)\n");
  Decoding flow("{password: hunter2, unknown: 1}\n");
  flow.run([&](Section& in) { in.field("password", password); });
  EXPECT_EQ(flow.diagnostics.render_errors(), "c.yaml:1:21: unknown: unknown key (known keys: password)\n");
}

TEST(Section, TextsFromVariablesKeepTheirForm) {
  Loading loading("text: ${N}\nnumber: ${N}\nwrong: ${T}\nhosts: ${H}\nempty: ${E}\ndefault: ${E}\n");
  loading.variables = {{"N", "007"}, {"T", "abc"}, {"H", "a:1,b:2"}, {"E", ""}};
  Node root = loading.load();
  std::string text, empty = "x";
  int64_t number = 0, wrong = 0, kept = 3;
  std::vector<std::string> hosts;
  {
    Section in(root, "", loading.diagnostics);
    in.field("text", text), in.field("number", number), in.field("wrong", wrong), in.field("hosts", hosts), in.field("empty", empty),
        in.field("default", kept);
  }
  EXPECT_EQ(text, "007");
  EXPECT_EQ(number, 7);
  EXPECT_EQ(hosts.size(), 2u);
  EXPECT_EQ(empty, "");
  EXPECT_EQ(kept, 3);
  EXPECT_EQ(loading.first_error(), "c.yaml:3:8: wrong: expected a whole number, found the text \"abc\" (from ${T})");
}

TEST(Section, TellsWhetherSomethingNewWentWrong) {
  Decoding decoding("a: x\nb: 1\n");
  decoding.run([](Section& in) {
    int64_t value = 0;
    EXPECT_TRUE(!in.field("a", value) && in.has_new_errors());
    EXPECT_TRUE(in.field("b", value));
    EXPECT_TRUE(in.has("a") && !in.has("c"));
  });
}

TEST(Section, ManyErrorsAreCounted) {
  std::string text;
  for (int i = 0; i < 1000; i++) text += "k" + std::to_string(i) + ": 1\n";
  Decoding decoding(text);
  decoding.run([](Section&) {});
  EXPECT_EQ(decoding.diagnostics.errors().size(), Diagnostics::max_kept);
  EXPECT_TRUE(decoding.diagnostics.render_errors().ends_with("and 800 more errors\n"));
  EXPECT_TRUE(decoding.errors().starts_with("c.yaml:1:1: k0: unknown key; nothing can be set here\n"));
}

}  // namespace
}  // namespace vigia::config
