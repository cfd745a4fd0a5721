// Chains as a whole: what decoding finds, where entries go when something is wrong, what is held, and how records are grouped.

#include "operators/test_chain.h"

namespace vigia::operators {
namespace {

std::string error_of(const std::string& operators) { return DecodedChain("operators:\n" + operators).first_error(); }

// Guarantee: mistakes are found when the configuration is read, each at its place.
TEST(ChainDecode, MistakesHavePlaces) {
  EXPECT_EQ(error_of("  - type: json_parsr\n"),
            "c.yaml:2:11: receivers::filelog::operators[0]::type: unknown operator type json_parsr; did you mean json_parser?");
  EXPECT_EQ(error_of("  - id: x\n").substr(0, 68), "c.yaml:2:5: receivers::filelog::operators[0]::type: missing: the kin");
  EXPECT_NE(error_of("  - type: stdout\n").find("operator stdout is not in this build"), std::string::npos);
  EXPECT_EQ(error_of("  - {type: noop, output: nop}\n  - {type: noop}\n"),
            "c.yaml:2:18: receivers::filelog::operators[0]::output: no operator has the id nop; did you mean noop?");
  EXPECT_NE(error_of("  - {type: noop, id: a, output: b}\n  - {type: noop, id: b, output: a}\n").find("lead back"), std::string::npos);
  EXPECT_NE(error_of("  - {type: noop, id: a}\n  - {type: noop, id: a}\n").find("another operator has the id a, too"), std::string::npos);
  EXPECT_NE(error_of("  - {type: noop, output: [a, a]}\n  - {type: noop, id: a}\n").find("a is named twice"), std::string::npos);
  EXPECT_NE(error_of("  - {type: noop, if: '1 +'}\n").find("::if: cannot use the expression: column 4:"), std::string::npos);
  EXPECT_NE(error_of("  - {type: noop, if: '\"x\"'}\n").find("neither true nor false"), std::string::npos);
  EXPECT_NE(error_of("  - {type: noop, on_error: sned}\n").find("on_error"), std::string::npos);
  EXPECT_NE(error_of("  - {type: json_parser, parse_fron: body}\n").find("parse_from"), std::string::npos);
  EXPECT_NE(error_of("  - {type: json_parser, parse_from: attributes}\n").find("attributes needs a key behind it"), std::string::npos);
  EXPECT_NE(error_of("  - {type: move, from: 'body[x]', to: body}\n").find("must be in quotes"), std::string::npos);
  EXPECT_NE(error_of("  - {type: regex_parser, regex: 'a(b'}\n").find("cannot use pattern"), std::string::npos);
  EXPECT_NE(error_of("  - {type: regex_parser, regex: 'ab'}\n").find("no named group"), std::string::npos);
  EXPECT_NE(error_of("  - {type: time_parser, parse_from: body, layout: '%Q'}\n").find("there is no directive %Q"), std::string::npos);
  EXPECT_NE(error_of("  - {type: time_parser, parse_from: body, layout: '%S%L'}\n").find("needs a point or a comma"), std::string::npos);
  EXPECT_NE(error_of("  - {type: severity_parser, parse_from: body, mapping: {bad: x}}\n").find("bad is no severity"), std::string::npos);
  EXPECT_NE(error_of("  - {type: router, routes: [{expr: 'true', output: nowhere}]}\n").find("no operator has the id nowhere"),
            std::string::npos);
  EXPECT_NE(
      error_of("  - {type: router, id: r, routes: [{expr: 'true', output: n}]}\n  - {type: noop, id: n, output: r}\n").find("lead back"),
      std::string::npos);
  EXPECT_NE(error_of("  - {type: recombine, combine_field: body}\n").find("is_first_entry"), std::string::npos);
  EXPECT_NE(error_of("  - {type: filter, expr: 'true', drop_ratio: 2}\n").find("from 0 to 1"), std::string::npos);
}

TEST(ChainDecode, WarnsOfNamesThatMeanNothing) {
  EXPECT_NE(
      DecodedChain("operators:\n  - {type: noop, if: 'severity_text == \"x\"'}\n").first_warning().find("severity_text is always nil"),
      std::string::npos);
}

// Guarantee: operators of a type without ids get the Collector's, so that outputs can name them.
TEST(ChainDecode, NamesOperatorsOfOneType) {
  EXPECT_EQ(error_of("  - {type: noop}\n  - {type: noop, output: noop2}\n  - {type: noop}\n"), "");
}

uint64_t counted(ChainAtWork& chain, std::string_view name) {
  std::string text = chain.metrics.prometheus_text();
  uint64_t sum = 0;
  for (size_t at = text.find(std::string(name) + "{"); at != std::string::npos; at = text.find(std::string(name) + "{", at + 1))
    sum += std::stoull(text.substr(text.find("} ", at) + 2));
  return sum;
}

// Scenario: a line that is no JSON, with each on_error. Guarantee: it is counted as failed; drop counts it as dropped too.
TEST(Chain, OnErrorDecides) {
  for (std::string_view on_error : {"send", "send_quiet", "drop", "drop_quiet"}) {
    ChainAtWork chain("[{type: json_parser, on_error: " + std::string(on_error) + "}, {type: add, field: attributes.after, value: 1}]");
    bool is_sent = on_error.starts_with("send");
    EXPECT_EQ(chain.of("x"), is_sent ? "body \"x\" attributes {\"after\":1}\n" : "") << on_error;
    EXPECT_EQ(counted(chain, "otelcol_operator_failed_entries"), 1u) << on_error;
    EXPECT_EQ(counted(chain, "otelcol_operator_dropped_entries"), is_sent ? 0u : 1u) << on_error;
  }
}

// Scenario: the blocks of a parser, of which the first fails. Guarantee: the others do their work all the same.
TEST(Chain, BlocksOfAParserRunAll) {
  ChainAtWork chain(
      "[{type: json_parser, parse_to: body, timestamp: {parse_from: body.t, layout: '%Y'}, severity: {parse_from: body.l}, "
      "trace: {trace_id: {parse_from: body.id}}, scope_name: {parse_from: body.s}}]");
  EXPECT_EQ(chain.of(R"({"t":"x","l":"warn","id":"0102030405060708090a0b0c0d0e0f10","s":"sc"})"),
            "scope sc body {\"id\":\"0102030405060708090a0b0c0d0e0f10\",\"l\":\"warn\",\"s\":\"sc\",\"t\":\"x\"} severity 13 warn "
            "trace 0102030405060708090a0b0c0d0e0f10\n");
}

// Guarantee: without operators the record is the line with what its origin has, byte for byte what a chain that does nothing gives.
TEST(Chain, AnEmptyOneWritesLines) {
  Origin origin("/var/log/a");
  origin.set_attribute("log.file.name", "a");
  origin.set_attribute("log.file.record_number", 7);
  origin.set_resource("host.name", "h");
  ChainAtWork empty("[]");
  ChainAtWork idle("[{type: noop}]");
  empty.push("a line", origin);
  idle.push("a line", origin);
  std::string records = empty.take();
  EXPECT_EQ(records, "resource {\"host.name\":\"h\"} body \"a line\" attributes {\"log.file.name\":\"a\",\"log.file.record_number\":7}\n");
  EXPECT_EQ(idle.take(), records);
  origin.set_attribute("log.file.record_number", 8);
  empty.push("", origin);
  EXPECT_EQ(empty.take(), "resource {\"host.name\":\"h\"} body \"\" attributes {\"log.file.name\":\"a\",\"log.file.record_number\":8}\n");
}

// Scenario: entries of many resources and scopes in turn. Guarantee: those of one stand together, and none is missing, also when there
// are more resources than are kept open.
TEST(Chain, RecordsAreGrouped) {
  ChainAtWork chain(
      "[{type: json_parser, parse_to: body, scope_name: {parse_from: body.s}}, {type: move, from: body.r, to: resource.r}, {type: move, "
      "from: body.n, to: body}]");
  for (int n = 0; n < 6; n++)
    chain.push("{\"r\":\"" + std::to_string(n % 2) + "\",\"s\":\"" + (n < 3 ? "x" : "y") + "\",\"n\":\"" + std::to_string(n) + "\"}");
  EXPECT_EQ(
      chain.take(),
      "resource {\"r\":\"0\"} scope x body \"0\"\nresource {\"r\":\"0\"} scope x body \"2\"\nresource {\"r\":\"0\"} scope y body \"4\"\n"
      "resource {\"r\":\"1\"} scope x body \"1\"\nresource {\"r\":\"1\"} scope y body \"3\"\nresource {\"r\":\"1\"} scope y body \"5\"\n");
  for (int n = 0; n < 1000; n++) chain.push("{\"r\":\"" + std::to_string(n % 250) + "\",\"s\":\"x\",\"n\":\"n\"}");
  std::string text = chain.take();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1000);
}

// --- What the receiver gives ---

// Scenario: attributes and resource with and without expressions. Guarantee: the expressions see the entry as it came and come before the operators.
TEST(GivenTexts, AreEvaluatedForEachEntry) {
  ChainAtWork chain(R"([{type: regex_replace, field: body, regex: a, replace_with: b}]
attributes: {plain: x, length: 'EXPR(string(len(body))) of EXPR(env("TZ"))', open: 'EXPR(body'}
resource: {kind: 'EXPR(body startsWith "a" ? "A" : "other")', plain: y}
)");
  EXPECT_EQ(chain.of("aa"), R"(resource {"kind":"A","plain":"y"} body "bb" attributes )"
                            R"({"length":"2 of Europe/Madrid","open":"EXPR(body","plain":"x"})"
                            "\n");
  EXPECT_EQ(chain.of("c"), R"(resource {"kind":"other","plain":"y"} body "c" attributes )"
                           R"({"length":"1 of Europe/Madrid","open":"EXPR(body","plain":"x"})"
                           "\n");
}

TEST(GivenTexts, WhatIsNoTextIsLeftOut) {
  ChainAtWork chain("[]\nattributes: {a: 'EXPR(1 + 1)', b: 'EXPR(body.x.y)', c: 'EXPR(body)'}\n");
  EXPECT_EQ(chain.of("text"), "body \"text\" attributes {\"c\":\"text\"}\n");
  EXPECT_EQ(chain.metrics.values("otelcol_operator_failed_entries").at(0).second, 1);
  EXPECT_EQ(chain.metrics.values("otelcol_operator_dropped_entries").at(0).second, 0);
}

TEST(GivenTexts, WithoutExpressionsThereIsNoChain) {
  DecodedChain decoded("attributes: {a: b}\nresource: {c: d}\noperators: []\n");
  EXPECT_EQ(decoded.first_error(), "");
  EXPECT_TRUE(decoded.chain.is_empty());
  EXPECT_EQ(decoded.texts.attributes, (std::map<std::string, std::string>{{"a", "b"}}));
  EXPECT_EQ(decoded.texts.resource, (std::map<std::string, std::string>{{"c", "d"}}));
  EXPECT_EQ(DecodedChain("attributes:\n  a: 'x EXPR(1 +) y'\n").first_error().substr(0, 84),
            "c.yaml:2:3: receivers::filelog::attributes::a: cannot use the expression: column 4: ");
}

// --- recombine ---

constexpr std::string_view traces =
    "[{type: recombine, combine_field: body, is_first_entry: 'body matches \"^[^\\\\s]\"', source_identifier: attributes.f, "
    "force_flush_period: 1s}]";

// Scenario: stack traces of two files in turn. Guarantee: each becomes one entry with what its first line had; what is held is let go
// after the time, and oldest_held() names the first line of it.
TEST(Recombine, JoinsLinesOfASource) {
  ChainAtWork chain{std::string(traces)};
  Origin a("a");
  Origin b("b");
  a.set_attribute("f", "a");
  b.set_attribute("f", "b");
  chain.push("error 1", a, 100);
  chain.push("other", b, 7);
  chain.push("  at x", a, 110);
  EXPECT_EQ(chain.run().oldest_held("a"), 100u);
  EXPECT_EQ(chain.run().held_count(), 3u);
  chain.push("error 2", a, 120);
  EXPECT_EQ(chain.take(), "body \"error 1\\n  at x\" attributes {\"f\":\"a\"}\n");
  EXPECT_EQ(chain.run().oldest_held("a"), 120u);
  EXPECT_EQ(chain.run().oldest_held("c"), std::nullopt);
  int64_t due = chain.run().next_flush_ms().value();
  EXPECT_EQ(due, chain.clock.steady_ms() + 1000);
  chain.run().flush(due - 1);
  EXPECT_EQ(chain.take(), "");
  chain.run().flush(due);
  EXPECT_EQ(chain.take(), "body \"error 2\" attributes {\"f\":\"a\"}\nbody \"other\" attributes {\"f\":\"b\"}\n");
  EXPECT_EQ(chain.run().next_flush_ms(), std::nullopt);
}

// Guarantee: metrics say what is held, and nothing once the run is gone.
TEST(Recombine, WhatIsHeldIsShown) {
  ChainAtWork chain{std::string(traces)};
  auto held = [&](const std::string& what) { return chain.metrics.values("vigia_operator_held_" + what).at(0).second; };
  EXPECT_EQ(held("entries"), 0);
  for (std::string_view line : {"error", "  at x", "  at y"}) chain.push(line);
  EXPECT_EQ(chain.take(), "");
  EXPECT_EQ(held("entries"), 3);
  EXPECT_GE(held("bytes"), 17);
  chain.run().flush_all();
  chain.take();
  EXPECT_EQ(held("entries"), 0);
  EXPECT_EQ(held("bytes"), 0);
  chain.push("error");
  chain.take();
  EXPECT_EQ(held("entries"), 1);
  chain.end();
  EXPECT_EQ(held("entries"), 0);
}

// Scenario: the origin goes away while a line of it is held. Guarantee: nothing of it is needed any more.
TEST(Recombine, HeldEntriesNeedNothingOutside) {
  ChainAtWork chain{std::string(traces)};
  {
    Origin gone("gone");
    gone.set_attribute("f", std::string(100, 'f'));
    gone.set_resource("r", std::string(100, 'r'));
    chain.push("error", gone);
  }
  chain.run().flush_all();
  EXPECT_EQ(chain.take(),
            "resource {\"r\":\"" + std::string(100, 'r') + "\"} body \"error\" attributes {\"f\":\"" + std::string(100, 'f') + "\"}\n");
}

TEST(Recombine, LastEntryEndsIt) {
  ChainAtWork chain("[{type: recombine, combine_field: body, combine_with: '', is_last_entry: 'body endsWith \".\"'}]");
  chain.push("a");
  chain.push("b.");
  chain.push("c.");
  EXPECT_EQ(chain.take(), "body \"ab.\"\nbody \"c.\"\n");
}

// Guarantee: each limit lets go what is held: entries, bytes, sources, and entries without any match.
TEST(Recombine, HasLimits) {
  ChainAtWork sizes(
      "[{type: recombine, combine_field: body, is_first_entry: 'body == \"first\"', max_batch_size: 3, max_unmatched_batch_size: 2}]");
  for (std::string_view line : {"a", "b", "c", "first", "d", "e", "f"}) sizes.push(line);
  EXPECT_EQ(sizes.take(), "body \"a\\nb\"\nbody \"c\"\nbody \"first\\nd\\ne\"\n");
  ChainAtWork bytes("[{type: recombine, combine_field: body, is_first_entry: 'false', max_log_size: 5, max_unmatched_batch_size: 0}]");
  for (std::string_view line : {"aaa", "bbb", "c"}) bytes.push(line);
  EXPECT_EQ(bytes.take(), "body \"aaa\\nbbb\"\n");
  ChainAtWork sources("[{type: recombine, combine_field: body, is_first_entry: 'true', max_sources: 2}]");
  Origin origins[] = {Origin("1"), Origin("2"), Origin("3")};
  for (Origin& origin : origins) sources.push(origin.source(), origin);
  EXPECT_EQ(sources.take(), "body \"1\"\nbody \"2\"\n");
}

TEST(Recombine, KeepsTheOldestOrTheNewest) {
  for (std::string_view which : {"oldest", "newest"}) {
    ChainAtWork chain(
        "[{type: regex_parser, regex: '^(?P<n>.)'}, {type: recombine, combine_field: body, is_last_entry: 'body == \"3\"', "
        "overwrite_with: " +
        std::string(which) + "}]");
    for (std::string_view line : {"1", "2", "3"}) chain.push(line);
    EXPECT_EQ(chain.take(), std::string("body \"1\\n2\\n3\" attributes {\"n\":\"") + (which == "oldest" ? "1" : "3") + "\"}\n");
  }
}

// --- container ---

// Scenario: the log of a pod. Guarantee: parts of lines are joined, the path becomes the resource, the rest is where the Collector has it.
TEST(Container, ReadsPodsLogs) {
  ChainAtWork chain("[{type: container}]");
  Origin origin("/var/log/pods/some_kube-scheduler-kind-control-plane_49cc7c1fd3702c40b2686ea7486091d3/kube-scheduler44/1.log");
  origin.set_attribute("log.file.path", origin.source());
  std::string resource =
      "resource {\"k8s.container.name\":\"kube-scheduler44\",\"k8s.container.restart_count\":\"1\",\"k8s.namespace.name\":\"some\","
      "\"k8s.pod.name\":\"kube-scheduler-kind-control-plane\",\"k8s.pod.uid\":\"49cc7c1fd3702c40b2686ea7486091d3\"} ";
  chain.push("2024-04-13T07:59:37.505201169-05:00 stdout F standalone crio line", origin);
  chain.push("2024-04-13T07:59:37.505201169Z stdout P containerd ", origin, 5);
  EXPECT_EQ(chain.run().oldest_held(origin.source()), 5u);
  chain.push("2024-04-13T07:59:38.000000001Z stdout F in two parts", origin);
  chain.push(R"({"log":"INFO: docker\n","stream":"stderr","time":"2029-03-30T08:31:20.545192187Z"})", origin);
  std::string path = "\"log.file.path\":\"" + origin.source() + "\"";
  EXPECT_EQ(chain.take(), resource + "body \"standalone crio line\" attributes {" + path +
                              ",\"log.iostream\":\"stdout\",\"logtag\":\"F\"} time 2024-04-13T12:59:37.505201169Z\n" + resource +
                              "body \"containerd in two parts\" attributes {" + path +
                              ",\"log.iostream\":\"stdout\",\"logtag\":\"P\"} time 2024-04-13T07:59:37.505201169Z\n" + resource +
                              "body \"INFO: docker\\n\" attributes {" + path +
                              ",\"log.iostream\":\"stderr\"} time 2029-03-30T08:31:20.545192187Z\n");
  EXPECT_EQ(chain.run().held_count(), 0u);
}

TEST(Container, WhatIsNoneFails) {
  ChainAtWork chain("[{type: container, add_metadata_from_filepath: false, on_error: drop}]");
  for (std::string_view line :
       {"", "x", "{", R"({"log":"x"})", "2024-04-13T07:59:37.505201169Z stdin F x", "2024-99-13T07:59:37.505201169Z stdout F x"})
    chain.push(line);
  EXPECT_EQ(chain.take(), "");
  EXPECT_EQ(chain.of("2024-04-13T07:59:37Z stdout F "),
            "body \"\" attributes {\"log.iostream\":\"stdout\",\"logtag\":\"F\"} time 2024-04-13T07:59:37.000000000Z\n");
  ChainAtWork strict("[{type: container, format: docker, on_error: drop}]");
  EXPECT_EQ(strict.of("2024-04-13T07:59:37Z stdout F x"), "");
}

// --- Bounds ---

// Scenario: values nested deeper than OTLP allows, by one parser or by several. Guarantee: what goes out is a valid request.
TEST(Chain, NestingIsBounded) {
  std::string deep = std::string(40, '[') + std::string(40, ']');
  ChainAtWork parser("[{type: json_parser, parse_to: body, on_error: drop}]");
  EXPECT_EQ(parser.of("{\"a\":" + deep + "}"), "");
  std::string allowed = std::string(29, '[') + std::string(29, ']');
  EXPECT_NE(parser.of("{\"a\":" + allowed + "}"), "");
  ChainAtWork mover("[{type: json_parser, parse_to: body}, {type: move, from: body, to: attributes.a.b.c.d.e.f}]");
  EXPECT_NE(mover.of("{\"a\":" + allowed + "}").find("nested too deep"), std::string::npos);
}

// Scenario: an object with a hundred thousand keys, half of them twice. Guarantee: it takes no time to speak of.
TEST(Chain, ManyKeysAreNoTrouble) {
  std::string line = "{";
  for (int i = 0; i < 100'000; i++) line += (i ? ",\"k" : "\"k") + std::to_string(i % 50'000) + "\":" + std::to_string(i);
  ChainAtWork chain("[{type: json_parser, parse_to: body}, {type: retain, fields: [body.k49999]}]");
  EXPECT_EQ(chain.of(line + "}"), "body {\"k49999\":99999}\n");
}

}  // namespace
}  // namespace vigia::operators
