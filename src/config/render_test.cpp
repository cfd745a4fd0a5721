// Scenario: print-config shows the resolved configuration. Guarantee: what is printed reads back as the same values, and no secret
// is in it.

#include "config/render.h"

#include <gtest/gtest.h>

#include "config/secret_names.h"
#include "config/section.h"
#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

Node read(std::string text) {
  Diagnostics diagnostics;
  return read_text(std::move(text), diagnostics).value_or(Node());
}

TEST(Render, WritesBlockStyle) {
  Node root = read("{a: {b: [1, {c: d, e: [f]}, [], [x, y]]}, empty: {}, nothing: , text: 'true', port: 4317}");
  EXPECT_EQ(render_yaml(root, {}),
            "a:\n"
            "  b:\n"
            "    - 1\n"
            "    - c: d\n"
            "      e:\n"
            "        - f\n"
            "    - []\n"
            "    -\n"
            "      - x\n"
            "      - y\n"
            "empty: {}\n"
            "nothing: null\n"
            "text: \"true\"\n"
            "port: 4317\n");
}

TEST(Render, ReadsBackAsTheSame) {
  std::string odd =
      "texts: ['', ' ', 'a: b', 'a #b', '#a', '- a', '\"', 'it''s', '1', '0x1', null, '~', 'yes', '*a', '&a', '!t', '%a', '@a', '`a', '{', "
      "'[a', 'a,b',"
      " 'a:', ':a', 'a\\b', 'ñ', '<<', '---', '...', '=', '?', 'a  b', '.inf', '1e3', '|', '>', \"a\\nb\\ttab\\x01\\e\\u00e9\", "
      "\"\\x7f\"]\n"
      "'<<': 1\n'': empty\n'a: b': 2\n'null': 3\n'5': 4\n";
  for (std::string text : {odd, std::string("[[], {}, [[1]], {a: [{b: {c: }}]}]"), std::string("just text"), std::string("[]"),
                           std::string("5"), std::string("")}) {
    Node root = read(text);
    std::string rendered = render_yaml(root, {.redacts_secrets = false, .escapes_dollars = false});
    EXPECT_EQ(canonical_text(read(rendered)), canonical_text(root)) << rendered;
  }
}

TEST(Render, EscapesDollarsForLoadingAgain) {
  Loading loading("a: ^x$$Y$\n");
  std::string rendered = render_yaml(loading.load(), {});
  EXPECT_EQ(rendered, "a: \"^x$$Y$$\"\n");
  Loading again(rendered);
  EXPECT_EQ(again.load().find("a")->value.text, "^x$Y$");
}

TEST(Render, RedactsSecrets) {
  Loading loading(
      "exporters:\n  otlp:\n    headers: {Authorization: Bearer abc, x-api-key: abc, team: a}\n    tls: {key_pem: abc, key_file: /k}\n"
      "    endpoint: https://user:abc@host/path\n    dsn: abc\n    list: [abc]\n    tokens: {password: '', secret: [abc, {x: abc}]}\n"
      "    extra: [{name: Authorization, value: abc}, {name: team, value: a}]\n    password: ${P}\n");
  loading.variables["P"] = "abc";
  Node root = loading.load();
  std::string dsn;
  std::vector<std::string> list;
  Section in(root, "", loading.diagnostics);
  in.each("exporters", [&](const std::string&, Section& exporter) {
    exporter.secret("dsn", dsn);
    exporter.list("list", [&](Section& item) { item.as_secret(dsn); });
    exporter.take_all();
  });
  std::string rendered = render_yaml(root, {.secret_paths = loading.diagnostics.secret_paths()});
  EXPECT_EQ(rendered.find("abc"), std::string::npos) << rendered;
  for (const char* kept :
       {"team: a", "key_file: /k", "endpoint: https://user:[REDACTED]@host/path", "password: \"\"", "dsn: \"[REDACTED]\"", "value: a\n"}) {
    EXPECT_NE(rendered.find(kept), std::string::npos) << kept << " in\n" << rendered;
  }
}

TEST(Render, LeavesSecretsOutOfUrls) {
  struct Case {
    const char* text;
    const char* shown;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"https://h/?token=abc", "https://h/?token=[REDACTED]"},
           {"https://h/v1?color=red&api_key=abc&x=1#end", "https://h/v1?color=red&api_key=[REDACTED]&x=1#end"},
           {"https://h?a=1;sig=abc", "https://h?a=1;sig=[REDACTED]"},
           {"https://u:abc@h:1/?KEY=abc", "https://u:[REDACTED]@h:1/?KEY=[REDACTED]"},
           {"https://abc@h/", "https://[REDACTED]@h/"},
           {"from http://u:abc@a to http://u:abc@b.", "from http://u:[REDACTED]@a to http://u:[REDACTED]@b."},
           {"https://h/?token=", "https://h/?token="},
           {"https://h/?token&key", "https://h/?token&key"},
           {"https://h/?monkey=a&page=2", "https://h/?monkey=a&page=2"},
           {"h:1?token=abc", "h:1?token=abc"},
           {"https://h/a@b:c", "https://h/a@b:c"},
           {"://", "://"},
           {"x://@?=&", "x://@?=&"},
           {"a://?token=a://?token=b", "a://?token=[REDACTED]"},
       })
    EXPECT_EQ(redact_urls(c.text), c.shown) << c.text;
}

TEST(Render, KnowsSecretNames) {
  for (const char* name : {"password", "api_key", "X-API-Key", "apiKey", "bearer_token", "client_secret", "Authorization", "key_pem",
                           "secret_access_key", "cookie"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name :
       {"", "key", "timeout", "token_url", "password_file", "client_id", "max_tokens", "metadata_keys", "secret_name", "monkey"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

}  // namespace
}  // namespace vigia::config
