// Scenario: command lines as people, unit files and scripts write them. Guarantee: both spellings of a flag's value work, slips are
// answered with what was probably meant, and every exit code is 0 or 1.

#include "app/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

#include "app/help.h"
#include "app/load/options.h"
#include "app/program.h"
#include "app/version.h"

namespace vigia::app {
namespace {

const std::vector<Flag> flags = {{"config", "FILE", 0, true}, {"port", "N"}, {"version", "", 'v'}};

std::string error_of(const std::vector<std::string>& words) {
  auto arguments = Arguments::parse(flags, words);
  return arguments.is_ok() ? "" : arguments.status().message();
}

TEST(CommandLine, both_spellings_and_repetition) {
  auto arguments = Arguments::parse(flags, {"--config=a.yaml", "--config", "b=c.yaml", "word", "-v", "--", "--config"});
  ASSERT_TRUE(arguments.is_ok());
  EXPECT_EQ(arguments->values("config"), (std::vector<std::string>{"a.yaml", "b=c.yaml"}));
  EXPECT_TRUE(arguments->has("version"));
  EXPECT_EQ(arguments->positional(), (std::vector<std::string>{"word", "--config"}));
  EXPECT_EQ(arguments->value("port", "7"), "7");
}

TEST(CommandLine, switches_may_be_turned_off) {
  EXPECT_FALSE(Arguments::parse(flags, {"--version=false"})->has("version"));
  EXPECT_TRUE(Arguments::parse(flags, {"--version=true"})->has("version"));
}

TEST(CommandLine, slips) {
  EXPECT_EQ(error_of({"--confg=x"}), "unknown flag: --confg; did you mean --config?");
  EXPECT_EQ(error_of({"--zzzzzzzz"}), "unknown flag: --zzzzzzzz");
  EXPECT_EQ(error_of({"-x"}), "unknown flag: -x");
  EXPECT_EQ(error_of({"-config", "x"}), "unknown flag: -config; did you mean --config?");
  EXPECT_EQ(error_of({"--config"}), "flag needs a value: --config FILE");
  EXPECT_EQ(error_of({"--port", "--config", "x"}), "flag needs a value: --port N; found --config (--port=--config takes it as the value)");
  EXPECT_NE(error_of({"--config", "--"}).find("flag needs a value: --config FILE"), std::string::npos);
  EXPECT_EQ(Arguments::parse(flags, {"--config=--port", "--port", "-1"})->value("config"), "--port");
  EXPECT_EQ(Arguments::parse(flags, {"--config=--port", "--port", "-1"})->value("port"), "-1");
  EXPECT_EQ(error_of({"--port", "1", "--port", "2"}), "flag is given twice: --port");
}

TEST(CommandLine, ports) {
  EXPECT_EQ(*Arguments::parse(flags, {"--port=0"})->port("port", 5), 0);
  EXPECT_EQ(*Arguments::parse(flags, {})->port("port", 5), 5);
  for (const char* bad : {"--port=-1", "--port=65536", "--port=x", "--port="})
    EXPECT_FALSE(Arguments::parse(flags, {bad})->port("port", 5).is_ok()) << bad;
}

struct Answer {
  int code;
  std::string out;
  std::string err;
};

Answer answer_to(const std::vector<std::string>& words) {
  std::ostringstream out, err;
  int code = run_program(words, {out, err});
  return {code, out.str(), err.str()};
}

TEST(Program, help_teaches_and_fits_the_terminal) {
  EXPECT_EQ(answer_to({}).out, general_help());
  EXPECT_EQ(answer_to({"--help"}).out, general_help());
  EXPECT_EQ(answer_to({"help"}).out, general_help());
  for (const std::string& command : command_names()) {
    EXPECT_NE(general_help().find("\n  " + command + " "), std::string_view::npos) << command;
    std::optional<std::string_view> page = command_help(command);
    if (!page) continue;
    EXPECT_EQ(answer_to({"help", command}).out, *page);
    EXPECT_EQ(answer_to({command, "--help"}).out, *page);
    EXPECT_NE(page->find("Usage:"), std::string_view::npos) << command;
  }
  std::string all(general_help());
  all += load_help();
  for (const std::string& command : command_names()) all += command_help(command).value_or("");
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Program, version) {
  Answer answer = answer_to({"--version"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.out, "vigia version " + std::string(version()) + "\n");
  EXPECT_EQ(answer_to({"-v"}).out, answer.out);
  EXPECT_EQ(answer_to({"version"}).out, answer.out);
}

TEST(Program, unknown_words_get_a_suggestion) {
  Answer answer = answer_to({"validat"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.err, "Error: unknown command \"validat\" for \"vigia\". Did you mean \"validate\"?\nRun 'vigia help' for usage.\n");
  answer = answer_to({"query"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.err, "Error: vigia query is not in this build\n");
  EXPECT_EQ(general_help().find("query "), std::string_view::npos);
  answer = answer_to({"run"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("at least one --config FILE is needed"), std::string::npos);
  answer = answer_to({"up", "--http-prt", "0"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("did you mean --http-port?"), std::string::npos) << answer.err;
  EXPECT_EQ(answer_to({"up", "--http-port", "99999"}).code, 1);
  EXPECT_EQ(answer_to({"print-config", "gatewy"}).code, 1);
  EXPECT_EQ(answer_to({""}).code, 1);
}

TEST(Program, nothing_that_is_said_is_overheard) {
  for (const std::vector<std::string>& words : std::initializer_list<std::vector<std::string>>{{"components", "extra"},
                                                                                               {"featuregate", "extra"},
                                                                                               {"health", "extra"},
                                                                                               {"version", "extra"},
                                                                                               {"print-config", "up", "extra"},
                                                                                               {"validate", "extra"}}) {
    Answer answer = answer_to(words);
    EXPECT_EQ(answer.code, 1) << words.front();
    EXPECT_NE(answer.err.find("unexpected argument: extra\nRun 'vigia help"), std::string::npos) << answer.err;
  }
}

TEST(Program, mistakes_are_counted_and_end_without_an_empty_line) {
  Answer answer = answer_to({"validate", "--config", "yaml:receivers::x: 1", "--config", ""});
  EXPECT_EQ(answer.err, "Error: the configuration has a mistake:\n--config: expected the path of a file, found nothing\n");
  answer = answer_to({"validate", "--config", "yaml:receivers::x: 1"});
  EXPECT_EQ(answer.err.substr(0, 44), "Error: the configuration has 2 mistakes:\nyam") << answer.err;
}

TEST(Program, feature_gates_are_told) { EXPECT_EQ(answer_to({"featuregate"}).code, 0); }

}  // namespace
}  // namespace vigia::app
