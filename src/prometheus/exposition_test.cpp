// Exposition texts are read as Prometheus reads them, oddities included, and the same as by a slow, obvious reader.

#include "prometheus/exposition.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "prometheus/openmetrics_parser.h"
#include "prometheus/test_exposition_oracle.h"
#include "prometheus/text_parser.h"
#include "prometheus/value_text.h"

namespace vigia::prometheus {

namespace {

using test::Lines;

Lines read_text(std::string_view text) {
  TextParser parser(text);
  return test::read_all(parser);
}
Lines read_openmetrics(std::string_view text) {
  OpenMetricsParser parser(text);
  return test::read_all(parser);
}
std::string error_of(std::string_view text, bool is_openmetrics) {
  std::unique_ptr<ExpositionParser> parser;
  if (is_openmetrics)
    parser = std::make_unique<OpenMetricsParser>(text);
  else
    parser = std::make_unique<TextParser>(text);
  test::read_all(*parser);
  return parser->error().is_ok() ? "" : parser->error().message();
}

TEST(TextParser, WhatTheFormatAllows) {
  struct Case {
    std::string_view text;
    Lines lines;
  };
  const Case cases[] = {
      {"", {"end"}},
      {"\n \t\n\n", {"end"}},
      {"up 1", {"sample {__name__=\"up\"}|1.000000", "end"}},
      {"up 1\n", {"sample {__name__=\"up\"}|1.000000", "end"}},
      {"  up\t 1 \t", {"sample {__name__=\"up\"}|1.000000", "end"}},
      {"a{} 1\n", {"sample {__name__=\"a\"}|1.000000", "end"}},
      {"a{b=\"c\",} 1 1700000000123\n", {"sample {__name__=\"a\", b=\"c\"}|1.000000@1700000000123", "end"}},
      {"a { b = \"c\" , d = \"e\" } 1\n", {"sample {__name__=\"a\", b=\"c\", d=\"e\"}|1.000000", "end"}},
      {"a{b=\"c\"}1 -5\n", {"sample {__name__=\"a\", b=\"c\"}|1.000000@-5", "end"}},
      {"a{b=\"}\",c=\"# x\"} 2\n", {"sample {__name__=\"a\", b=\"}\", c=\"# x\"}|2.000000", "end"}},
      {R"(a{b="\\\"\n\x"} 2)", {"sample {__name__=\"a\", b=\"\\\"\n\\x\"}|2.000000", "end"}},
      {"a{b=\"two\nlines\"} 2\n", {"sample {__name__=\"a\", b=\"two\nlines\"}|2.000000", "end"}},
      {"a{b=\"\"} 2\n", {"sample {__name__=\"a\", b=\"\"}|2.000000", "end"}},
      {"a:b_C9 2\n", {"sample {__name__=\"a:b_C9\"}|2.000000", "end"}},
      {"{\"a.b\"} 2\n", {"sample {__name__=\"a.b\"}|2.000000", "end"}},
      {"{\"a.b\",\"c d\"=\"e\",f=\"g\"} 2\n", {"sample {__name__=\"a.b\", c d=\"e\", f=\"g\"}|2.000000", "end"}},
      {"{b=\"c\",\"größe\"} 2\n", {"sample {__name__=\"größe\", b=\"c\"}|2.000000", "end"}},
      {"#\n# x\n#x\n#HELP a b\n# HELPER a\n# TYPES\n", {"end"}},
      {"# HELP a\n", {"help a|", "end"}},
      {"# HELP a  two \\\\ \\n \\\" lines\n", {"help a| two \\ \n \\\" lines", "end"}},
      {"#\tHELP \t a b\n", {"help a|b", "end"}},
      {"# HELP \"a.b\" c\n", {"help a.b|c", "end"}},
      {"# TYPE a counter\n# TYPE b untyped", {"type a|counter", "type b|unknown", "end"}},
      {"a NaN\nb +Inf\nc -Inf\nd inf\ne nan\nf -1.5e-3\ng +7\n",
       {"sample {__name__=\"a\"}|NaN", "sample {__name__=\"b\"}|inf", "sample {__name__=\"c\"}|-inf", "sample {__name__=\"d\"}|inf",
        "sample {__name__=\"e\"}|NaN", "sample {__name__=\"f\"}|-0.001500", "sample {__name__=\"g\"}|7.000000", "end"}},
      {"a 1e-400\n", {"sample {__name__=\"a\"}|0.000000", "end"}},
  };
  for (const Case& one : cases) EXPECT_EQ(read_text(one.text), one.lines) << one.text;
}

TEST(TextParser, WhatIsBrokenIsToldWithItsLine) {
  struct Case {
    std::string_view text;
    std::string_view error;
  };
  const Case cases[] = {
      {"a 1\nb\n", "line 2: expected a number behind the metric, found the end of the line"},
      {"a 1\n\n# x\nb{c=\"d\" 1\n", "line 4: expected the name of a label, found \"1\""},
      {"a{b=\"c} 1\n", "line 1: the closing quote is missing"},
      {"a{b=c} 1\n", "line 1: expected the label's value in quotes, found \"c} 1\""},
      {"a{b} 1\n", "line 1: expected an equals sign behind the label's name, found \"} 1\""},
      {"a{1=\"c\"} 1\n", "line 1: expected the name of a label, found \"1=\"c\"} 1\""},
      {"a{\"b\"} 1\n", "line 1: the metric has a second name"},
      {"{\"a\",\"b\"} 1\n", "line 1: the metric has a second name"},
      {"{b=\"c\"} 1\n", "line 1: the metric has no name"},
      {"{\"\"=\"c\",\"a\"} 1\n", "line 1: a label has an empty name"},
      {"1a 1\n", "line 1: expected a metric, found \"1a 1\""},
      {"a 0x1p-2\n", "line 1: expected a number behind the metric, found \"0x1p-2\""},
      {"a 1_000\n", "line 1: expected a number behind the metric, found \"1_000\""},
      {"a 1e999\n", "line 1: expected a number behind the metric, found \"1e999\""},
      {"a 1 2 3\n", "line 1: expected the end of the line, found \"3\""},
      {"a 1 2.5\n", "line 1: expected a timestamp in milliseconds, found \"2.5\""},
      {"a 1\r\nb 2\r\n", "line 1: expected a number behind the metric, found \"1\r\""},
      {"# TYPE a\n", "line 1: expected counter, gauge, histogram, summary or untyped, found the end of the line"},
      {"# TYPE a counter \n", "line 1: expected counter, gauge, histogram, summary or untyped, found \"counter \""},
      {"# HELP 1a x\n", "line 1: expected the name of a metric, found \"1a x\""},
      {"a{b=\"\xFF\"} 1\n", "line 1: expected UTF-8 between quotes"},
      {"# HELP a \xFF\n", "line 1: expected UTF-8 in a help text"},
  };
  for (const Case& one : cases) EXPECT_EQ(error_of(one.text, false), one.error) << one.text;
  EXPECT_NE(error_of(std::string_view("\0\0\0", 3), false), "");
  EXPECT_NE(error_of("<html><body>404</body></html>", false), "");
}

TEST(OpenMetricsParser, WhatTheFormatAllows) {
  struct Case {
    std::string_view text;
    Lines lines;
  };
  const Case cases[] = {
      {"# EOF", {"end"}},
      {"# EOF\n", {"end"}},
      {"# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds x \\\" \\n\na_seconds_total 1\n# EOF\n",
       {"type a_seconds|counter", "unit a_seconds|seconds", "help a_seconds|x \" \n", "sample {__name__=\"a_seconds_total\"}|1.000000",
        "end"}},
      {"a{b=\"c\"} 1 1700000000.123\n# EOF", {"sample {__name__=\"a\", b=\"c\"}|1.000000@1700000000123", "end"}},
      {"a_bucket{le=\"1\"} 1 # {trace_id=\"ab\",x=\"\\n\"} 0.5 3.5\n# EOF",
       {"sample {__name__=\"a_bucket\", le=\"1\"}|1.000000 #trace_id=ab,x=\n,0.500000@3500", "end"}},
      {"a 1 2 # {} 0.5\n# EOF", {"sample {__name__=\"a\"}|1.000000@2000 #0.500000", "end"}},
      {"{\"a.b\",c=\"d\"} 1\n# EOF\n", {"sample {__name__=\"a.b\", c=\"d\"}|1.000000", "end"}},
      {"# TYPE a gaugehistogram\n# TYPE b info\n# TYPE c stateset\n# TYPE d unknown\n# EOF",
       {"type a|gaugehistogram", "type b|info", "type c|stateset", "type d|unknown", "end"}},
      {"# UNIT a \n# EOF", {"unit a|", "end"}},
  };
  for (const Case& one : cases) EXPECT_EQ(read_openmetrics(one.text), one.lines) << one.text;
}

TEST(OpenMetricsParser, WhatIsBrokenIsToldWithItsLine) {
  struct Case {
    std::string_view text;
    std::string_view error;
  };
  const Case cases[] = {
      {"", "line 1: the text does not end with # EOF"},
      {"a 1\n", "line 2: the text does not end with # EOF"},
      {"a 1", "line 1: the text does not end with # EOF"},
      {"a 1\n# EOF\nb 2\n", "line 3: there is something behind # EOF: \"b 2\""},
      {"# EOFx", "line 1: there is something behind # EOF: \"x\""},
      {"a  1\n# EOF", "line 1: expected a number, found \" 1\""},
      {"a 1 \n# EOF", "line 1: expected a time in seconds, found the end of the line"},
      {"a{b=\"c\", d=\"e\"} 1\n# EOF", "line 1: expected the name of a label, found \" d=\"e\"} 1\""},
      {"a{b=\"c\nd\"} 1\n# EOF", "line 1: the closing quote is missing"},
      {"\n# EOF", "line 1: expected a metric, found the end of the line"},
      {"# comment\n# EOF", "line 1: expected # HELP, # TYPE, # UNIT or # EOF, found \"# comment\""},
      {"# UNIT a_s seconds\n# EOF", "line 1: the unit \"seconds\" is not the end of the metric's name a_s"},
      {"# TYPE a untyped\n# EOF", "line 1: there is no metric type \"untyped\""},
      {"a 1 NaN\n# EOF", "line 1: the time is out of range"},
      {"a 1 # {b=\"c\"}\n# EOF", "line 1: expected a blank and the exemplar's value, found the end of the line"},
      {"a 1 # {b} 2\n# EOF", "line 1: expected an equals sign behind the label's name, found \"} 2\""},
      {"a 1 # {\"b\"} 2\n# EOF", "line 1: the metric has a second name"},
  };
  for (const Case& one : cases) EXPECT_EQ(error_of(one.text, true), one.error) << one.text;
}

// A text from pieces that matter to the formats; most are broken somewhere.
std::string random_text(Random& random, bool is_openmetrics) {
  static const std::vector<std::string> pieces = {"a",
                                                  "foo_total",
                                                  "{",
                                                  "}",
                                                  "=",
                                                  "\"",
                                                  ",",
                                                  " ",
                                                  "\t",
                                                  "\n",
                                                  "1",
                                                  "-2.5",
                                                  "NaN",
                                                  "+Inf",
                                                  "# HELP ",
                                                  "# TYPE ",
                                                  "# UNIT ",
                                                  "counter",
                                                  "gauge",
                                                  "# EOF",
                                                  "\\",
                                                  "\\n",
                                                  "le=\"1\"",
                                                  "x=\"\"",
                                                  "\xC3\xA4",
                                                  "\xFF",
                                                  "#",
                                                  " # {",
                                                  "1e400",
                                                  "0x1",
                                                  "17000000",
                                                  "{b=\"c\"} 1\n",
                                                  "foo 2\n",
                                                  "{\"q.r\"} 3\n",
                                                  "# TYPE foo counter\n",
                                                  "foo_total{a=\"b\"} 1 5\n",
                                                  "\"q\"",
                                                  "seconds",
                                                  "_",
                                                  ":"};
  std::string text;
  size_t count = 1 + random.below(14);
  for (size_t i = 0; i < count; i++) text += pieces[random.below(pieces.size())];
  if (is_openmetrics && random.below(2) == 0) text += "\n# EOF\n";
  return text;
}

TEST(Exposition, ReadsRandomTextsLikeTheOracle) {
  Random random(20240607);
  for (int i = 0; i < 4000; i++) {
    bool is_openmetrics = i % 2 == 0;
    std::string text = random_text(random, is_openmetrics);
    Lines expected = test::ExpositionOracle(text, is_openmetrics).read_all();
    ASSERT_EQ(is_openmetrics ? read_openmetrics(text) : read_text(text), expected)
        << (is_openmetrics ? "openmetrics:\n" : "text:\n") << text;
  }
}

// Guarantee: a text that is read while it arrives is the same text, its mistakes and their places included.
TEST(Exposition, ReadsInPiecesWhatItReadsAsAWhole) {
  Random random(20240608);
  for (int i = 0; i < 4000; i++) {
    std::string text;
    bool is_openmetrics = i % 2 == 0;
    for (uint64_t part = 1 + random.below(4); part > 0; part--) text += random_text(random, is_openmetrics);
    std::unique_ptr<ExpositionParser> whole, pieces;
    for (auto* parser : {&whole, &pieces}) {
      if (is_openmetrics)
        *parser = std::make_unique<OpenMetricsParser>(text);
      else
        *parser = std::make_unique<TextParser>(text);
    }
    ASSERT_EQ(test::read_in_pieces(*pieces, text), test::read_all(*whole)) << text;
    ASSERT_EQ(pieces->error().to_string(), whole->error().to_string()) << text;
  }
}

// A number of plain digits is read on a short cut.
TEST(Exposition, ReadsNumbersToTheLastBit) {
  Random random(20240609);
  for (int i = 0; i < 20'000; i++) {
    std::string number;
    for (uint64_t digits = random.below(12); digits > 0; digits--) number += static_cast<char>('0' + random.below(10));
    if (random.below(2) == 0) number += ".";
    for (uint64_t digits = random.below(12); digits > 0; digits--) number += static_cast<char>('0' + random.below(10));
    if (number.empty()) continue;
    constexpr std::string_view ends[] = {"", "\n", " ", " 5\n", "\t", "x", "e3", ".1", " x"};
    std::string text = "a " + number + std::string(ends[random.below(std::size(ends))]);
    TextParser parser(text);
    bool is_read = parser.next() == ExpositionParser::Event::sample;
    std::string_view token = std::string_view(text).substr(2);
    token = token.substr(0, token.find_first_of(" \t\n"));
    std::optional<double> expected = parse_value(token);
    ASSERT_TRUE(!is_read || (expected && parser.value() == *expected)) << text;
    ASSERT_TRUE(is_read || !expected || text.ends_with(" x")) << text;
  }
}

TEST(Exposition, AsksForFormatsAsPrometheusDoes) {
  using enum ScrapeProtocol;
  EXPECT_EQ(accept_header({openmetrics_1_0_0, openmetrics_0_0_1, text_1_0_0, text_0_0_4}, "allow-utf-8"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  auto kind = [](std::string_view content_type, std::optional<ScrapeProtocol> fallback) {
    auto parser = open_exposition(content_type, fallback, {});
    if (!parser.is_ok()) return "none";
    if (dynamic_cast<OpenMetricsParser*>(parser->get())) return "openmetrics";
    return dynamic_cast<TextParser*>(parser->get()) ? "text" : "protobuf";
  };
  EXPECT_STREQ(kind("text/plain; version=0.0.4; charset=utf-8", std::nullopt), "text");
  EXPECT_STREQ(kind("Application/OpenMetrics-Text;version=1.0.0", std::nullopt), "openmetrics");
  EXPECT_STREQ(kind("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", std::nullopt),
               "protobuf");
  EXPECT_STREQ(kind("text/html", std::nullopt), "none");
  EXPECT_STREQ(kind("text/html", text_0_0_4), "text");
  EXPECT_STREQ(kind("", openmetrics_1_0_0), "openmetrics");
}

}  // namespace

}  // namespace vigia::prometheus
