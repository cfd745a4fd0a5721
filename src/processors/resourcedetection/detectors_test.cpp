// Scenario: variables as people write them, and this machine's own files.
// Guarantee: what is written is what is found, percent signs decoded; what cannot be read says why; of a name the first value stays.

#include <gtest/gtest.h>

#include "otlp/attribute_view.h"
#include "pipeline/test_kit.h"
#include "processors/resourcedetection/detector.h"
#include "processors/resourcedetection/metadata_client.h"
#include "processors/resourcedetection/system_facts.h"

namespace vigia::processors {
namespace {

using Texts = std::map<std::string, std::string>;

Texts texts(const FoundAttributes& found) {
  Texts out;
  for (const auto& [name, value] : found.entries()) out[name] = otlp::ValueView(value).string();
  return out;
}

TEST(EnvDetector, ReadsPairs) {
  auto read = [](const std::string& text) { return texts(*parse_resource_attributes(text)); };
  EXPECT_EQ(read(""), Texts());
  EXPECT_EQ(read("a=b"), (Texts{{"a", "b"}}));
  EXPECT_EQ(read(" a = b , c=d,"), (Texts{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read("a=1%2C2%20%c3%bc,b=x+y,c=u=v"), (Texts{{"a", "1,2 ü"}, {"b", "x+y"}, {"c", "u=v"}}));
  EXPECT_EQ(read("a=first,a=second"), (Texts{{"a", "first"}}));
  EXPECT_EQ(read("a=%ff"), (Texts{{"a", "\uFFFD"}}));
  EXPECT_EQ(read("empty="), Texts());
}

TEST(EnvDetector, SaysWhatItCannotRead) {
  auto error = [](const std::string& text) { return parse_resource_attributes(text).status().message(); };
  EXPECT_EQ(error("a"), "\"a\" is not key=value");
  EXPECT_EQ(error("a=b,=c"), "\"=c\" is not key=value");
  EXPECT_EQ(error("a=50%"), "\"50%\": a percent sign without two hexadecimal digits");
  EXPECT_EQ(error("a=%4"), "\"%4\": a percent sign without two hexadecimal digits");
  EXPECT_EQ(error("a=%zz"), "\"%zz\": a percent sign without two hexadecimal digits");
}

TEST(EnvDetector, TheServiceNameHasAVariableOfItsOwn) {
  pipeline::test::Kit kit;
  pipeline::Context context = kit.context("resourcedetection");
  Texts environment = {{"OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,a=b"}, {"OTEL_SERVICE_NAME", "till"}};
  context.environment = [&](const std::string& name) {
    auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  Texts found;
  auto detect = [&] { new_env_detector(context)->detect([&](Result<FoundAttributes> result) { found = texts(*result); }); };
  detect();
  EXPECT_EQ(found, (Texts{{"service.name", "till"}, {"a", "b"}}));
  environment = {{"OTEL_RESOURCE", "old=spelling"}};
  detect();
  EXPECT_EQ(found, (Texts{{"old", "spelling"}}));
}

TEST(FoundAttributes, TheFirstDetectorWins) {
  FoundAttributes first, second;
  first.add("a", "1");
  first.add("empty", "");
  second.add("a", "2");
  second.add("b", "2");
  second.add_int("n", -1);
  second.add_list("l", {"x", "y"});
  second.add_list("none", {});
  first.merge(second);
  EXPECT_EQ(first.names(), "a, b, n, l");
  EXPECT_EQ(texts(first)["a"], "1");
  EXPECT_EQ(otlp::ValueView(first.entries()[2].second).integer(), -1);
}

TEST(SystemFacts, KnowsThisMachine) {
  SystemFiles files;
  SystemFacts facts = read_system_facts(files);
  EXPECT_FALSE(facts.hostname.empty());
  Texts found = texts(facts.attributes);
  EXPECT_EQ(found["os.type"], "linux");
  EXPECT_NE(found["os.description"].find("Linux"), std::string::npos);
  EXPECT_NE(found["os.description"].find(facts.hostname), std::string::npos);
  EXPECT_FALSE(found["host.arch"].empty());
}

TEST(MetadataDocument, ReadsJsonExactly) {
  auto document = parse_document(R"({"a": {"b": "x\u00e9/", "id": 7234567890123456789, "n": null, "l": [1]}, "tab":	"t"})");
  ASSERT_TRUE(document.is_ok()) << document.status().to_string();
  EXPECT_EQ(text_at(*document, {"a", "b"}), "xé/");
  EXPECT_EQ(text_at(*document, {"a", "id"}), "7234567890123456789");
  for (auto keys : {std::initializer_list<std::string_view>{"a", "n"}, {"a", "l"}, {"a"}, {"x", "y"}})
    EXPECT_EQ(text_at(*document, keys), "");
  EXPECT_FALSE(parse_document("<html>not found</html>").is_ok());
  EXPECT_FALSE(parse_document("[1]").is_ok());
  EXPECT_FALSE(parse_document("").is_ok());
}

}  // namespace
}  // namespace vigia::processors
