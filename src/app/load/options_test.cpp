// What `vigia load` understands on its command line. Whatever is said reaches the options; what is wrong is refused with the
// option's name and what was expected, so that a typing mistake never becomes a benchmark of something else.

#include "app/load/options.h"

#include <gtest/gtest.h>

namespace vigia::app {
namespace {

std::string refusal(const std::vector<std::string>& args) {
  Result<LoadOptions> options = parse_load_options(args);
  return options.is_ok() ? "accepted" : options.status().message();
}

TEST(LoadOptionsTest, DefaultsFollowTheProtocol) {
  LoadOptions grpc = *parse_load_options({"traces"});
  EXPECT_EQ(grpc.port, 4317);
  EXPECT_EQ(grpc.requests_in_flight, 4u);
  EXPECT_EQ(grpc.items_per_second, 0);
  LoadOptions http = *parse_load_options({"logs", "--protocol", "http"});
  EXPECT_EQ(http.port, 4318);
  EXPECT_EQ(http.requests_in_flight, 1u);
  EXPECT_EQ(http.data.signal, otlp::Signal::logs);
}

TEST(LoadOptionsTest, EverythingThatIsSaidIsTaken) {
  LoadOptions options = *parse_load_options({"--rate",
                                             "2500.5",
                                             "metrics",
                                             "--endpoint=[::1]:99",
                                             "--duration",
                                             "1m30s",
                                             "--connections=8",
                                             "--batch",
                                             "20",
                                             "--compression",
                                             "zstd",
                                             "--series",
                                             "77",
                                             "--seed",
                                             "9",
                                             "--header",
                                             "X-Scope-OrgID=a=b",
                                             "--tls",
                                             "--items",
                                             "1000",
                                             "--data-set",
                                             "shop-1"});
  EXPECT_EQ(options.host, "::1");
  EXPECT_EQ(options.port, 99);
  EXPECT_EQ(options.items_per_second, 2500.5);
  EXPECT_EQ(options.duration_ms, 90'000);
  EXPECT_EQ(options.connections, 8u);
  EXPECT_EQ(options.data.batch, 20u);
  EXPECT_EQ(options.compression, Compression::zstd);
  EXPECT_EQ(options.data.series, 77u);
  EXPECT_EQ(options.data.seed, 9u);
  EXPECT_EQ(options.headers.get("x-scope-orgid"), "a=b");
  EXPECT_TRUE(options.use_tls);
  EXPECT_EQ(options.max_items, 1000u);
}

TEST(LoadOptionsTest, MistakesNameTheOptionAndWhatWasExpected) {
  EXPECT_EQ(refusal({"traces", "--enpoint", "x:1"}), "--enpoint: no such option: did you mean --endpoint?");
  EXPECT_EQ(refusal({"traces", "--rate"}), "--rate: its value is missing");
  EXPECT_EQ(refusal({"traces", "--rate", "-1"}), "--rate: \"-1\": expected items a second, or max");
  EXPECT_EQ(refusal({"traces", "--tls=yes"}), "--tls: \"yes\": expected no value");
  EXPECT_NE(refusal({"traces", "--endpoint", "http://a:1"}).find("HOST:PORT"), std::string::npos);
  EXPECT_NE(refusal({"traces", "--endpoint", "a:70000"}).find("HOST:PORT"), std::string::npos);
  EXPECT_NE(refusal({"traces", "--connections", "0"}).find("from 1 to"), std::string::npos);
  EXPECT_NE(refusal({"traces", "--duration", "10"}).find("30s"), std::string::npos);
  EXPECT_NE(refusal({"traces", "--header", "a=b\r\nc: d"}).find("line breaks"), std::string::npos);
  EXPECT_NE(refusal({"spans"}).find("expected traces, metrics or logs"), std::string::npos);
  EXPECT_NE(refusal({"traces", "logs"}).find("one kind"), std::string::npos);
  EXPECT_NE(refusal({}).find("what shall be sent?"), std::string::npos);
}

TEST(LoadOptionsTest, HelpNamesEveryOption) {
  EXPECT_TRUE(parse_load_options({"--help"})->wants_help);
  for (std::string_view name :
       {"endpoint",    "protocol",  "header",     "tls",         "insecure",    "ca-file",        "skip-verify",
        "timeout",     "rate",      "duration",   "items",       "connections", "in-flight",      "batch",
        "compression", "threads",   "data-set",   "seed",        "id-seed",     "series",         "services",
        "instances",   "resources", "attributes", "value-bytes", "line-bytes",  "error-fraction", "distinct-requests"})
    EXPECT_NE(load_help().find("--" + std::string(name)), std::string_view::npos) << name;
}

}  // namespace
}  // namespace vigia::app
