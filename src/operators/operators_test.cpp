// Each operator with a line and what becomes of it. The results are those of the reference Collector, where README.md does not say otherwise.

#include "operators/test_chain.h"

namespace vigia::operators {
namespace {

struct OperatorCase {
  std::string_view name;
  std::string_view operators;
  std::string_view line;
  std::string_view expected;  // without the last line's end
};

class Operators : public testing::TestWithParam<OperatorCase> {};

TEST_P(Operators, DoWhatTheySay) {
  ChainAtWork chain{std::string(GetParam().operators)};
  std::string expected(GetParam().expected);
  if (!expected.empty()) expected += '\n';
  EXPECT_EQ(chain.of(GetParam().line), expected);
}

constexpr OperatorCase cases[] = {
    // --- json_parser ---
    {"json", "[{type: json_parser}]", R"({"a":"b","n":5,"f":1.5,"t":true,"z":null,"l":[1,"x"],"m":{"k":"v"}})",
     R"(body "{\"a\":\"b\",\"n\":5,\"f\":1.5,\"t\":true,\"z\":null,\"l\":[1,\"x\"],\"m\":{\"k\":\"v\"}}" attributes {"a":"b","f":1.5,"l":[1,"x"],"m":{"k":"v"},"n":5,"t":true,"z":null})"},
    {"json_to_body", "[{type: json_parser, parse_to: body}]", R"({"a":"b"})", R"(body {"a":"b"})"},
    {"json_body_key", "[{type: json_parser, body: attributes.msg}]", R"({"msg":"hello","x":1})",
     R"(body "hello" attributes {"msg":"hello","x":1})"},
    {"json_last_of_a_key_counts", "[{type: json_parser, parse_to: body}]", R"({"a":1,"b":2,"a":3})", R"(body {"a":3,"b":2})"},
    {"json_escapes", "[{type: json_parser, parse_to: body}]", R"({"a":"\u00e9\n\"\\\/\ud83d\ude00","\u0062":"\ud800"})",
     R"(body {"a":"é\n\"\\/😀","b":"�"})"},
    {"json_null_is_no_error", "[{type: json_parser, on_error: drop}]", "null", R"(body "null")"},
    {"json_array_is_one", "[{type: json_parser, on_error: drop}]", "[1]", ""},
    {"json_error_sends_the_line", "[{type: json_parser}]", "{nope", R"(body "{nope")"},
    {"json_raw_tab", "[{type: json_parser, parse_to: body}]", "{\"a\":\"x\ty\"}", R"(body {"a":"x\ty"})"},
    {"json_rest_is_an_error", "[{type: json_parser, parse_to: body}]", R"({"a":1} x)", R"(body "{\"a\":1} x")"},
    // --- The seed's configuration ---
    {"seed", "[{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}}]",
     R"({"time":"2024-02-29T12:34:56.789Z","msg":"x"})",
     R"(body "{\"time\":\"2024-02-29T12:34:56.789Z\",\"msg\":\"x\"}" attributes {"msg":"x","time":"2024-02-29T12:34:56.789Z"} time 2024-02-29T12:34:56.789000000Z)"},
    // --- json_array_parser ---
    {"json_array", "[{type: json_array_parser, parse_to: body}]", R"(["a",5,true,null,{"k":1}])", R"(body ["a",5,true,null,"{\"k\":1}"])"},
    {"json_array_header", "[{type: json_array_parser, header: 'x,y'}]", R"(["a",5])", R"(body "[\"a\",5]" attributes {"x":"a","y":5})"},
    // --- regex_parser ---
    {"regex", R"([{type: regex_parser, regex: '^(?P<level>\w+) (?P<msg>.*)$', parse_to: body}])", "INFO all well",
     R"(body {"level":"INFO","msg":"all well"})"},
    {"regex_other_spelling_of_names", R"([{type: regex_parser, regex: '^(?<level>\w+)', parse_to: body}])", "INFO all well",
     R"(body {"level":"INFO"})"},
    {"regex_optional_group", R"([{type: regex_parser, regex: '^(?P<a>x)(?P<b>y)?', parse_to: body}])", "x", R"(body {"a":"x","b":""})"},
    {"regex_no_match", R"([{type: regex_parser, regex: '^(?P<a>x)', on_error: drop}])", "y", ""},
    {"regex_replace", R"([{type: regex_replace, field: body, regex: '(\w+)@(\w+)', replace_with: '${2} at $1'}])", "me@home you@work",
     R"(body "home at me work at you")"},
    {"regex_replace_empty_matches", R"([{type: regex_replace, field: body, regex: 'x*', replace_with: '-'}])", "axb", R"(body "-a-b-")"},
    {"ansi", R"([{type: regex_replace, field: body, regex_name: ansi_control_sequences}])", "\x1b[31mred\x1b[0m", R"(body "red")"},
    // --- key_value_parser ---
    {"key_value", "[{type: key_value_parser, parse_to: body}]", R"(a=b c="d e" f='g "h"' i=)",
     R"(body {"a":"b","c":"d e","f":"g \"h\"","i":""})"},
    {"key_value_delimiters", "[{type: key_value_parser, delimiter: ':', pair_delimiter: '; ', parse_to: body}]", "a: 1; b:2; ",
     R"(body {"a":"1","b":"2"})"},
    {"key_value_nothing", "[{type: key_value_parser, parse_to: body}]", "=", R"(body {"":""})"},
    {"key_value_open_quote", "[{type: key_value_parser, on_error: drop}]", "a=\"b", ""},
    {"key_value_no_delimiter", "[{type: key_value_parser, on_error: drop}]", "a=b c", ""},
    // --- csv_parser ---
    {"csv", "[{type: csv_parser, header: 'a,b,c', parse_to: body}]", R"(1,"x, ""y""",)", R"(body {"a":"1","b":"x, \"y\"","c":""})"},
    {"csv_lines", "[{type: csv_parser, header: 'A,B,C,D,E', parse_to: body}]", "aa,b\nb,cc,d\nd,ee",
     R"(body {"A":"aa","B":"b\nb","C":"cc","D":"d\nd","E":"ee"})"},
    {"csv_bare_quote", "[{type: csv_parser, header: 'a,b', on_error: drop}]", R"(x"y,z)", ""},
    {"csv_lazy", "[{type: csv_parser, header: 'a,b', lazy_quotes: true, parse_to: body}]", R"(x"y,"z "q" w")",
     R"(body {"a":"x\"y","b":"z \"q\" w"})"},
    {"csv_ignored_quotes", "[{type: csv_parser, header: 'a;b', delimiter: ';', ignore_quotes: true, parse_to: body}]", R"("x;y")",
     R"(body {"a":"\"x","b":"y\""})"},
    {"csv_wrong_count", "[{type: csv_parser, header: 'a,b', on_error: drop}]", "1,2,3", ""},
    {"csv_header_attribute",
     "[{type: add, field: attributes.h, value: 'x|y'}, {type: csv_parser, header_attribute: h, header_delimiter: '|', parse_to: body}]",
     "1,2", R"(body {"x":"1","y":"2"} attributes {"h":"x|y"})"},
    // --- time_parser ---
    {"strptime_local", "[{type: time_parser, parse_from: body, layout: '%Y-%m-%d %H:%M:%S'}]", "2024-07-01 12:00:00",
     R"(body "2024-07-01 12:00:00" time 2024-07-01T10:00:00.000000000Z)"},
    {"strptime_location", "[{type: time_parser, parse_from: body, layout: '%d/%b/%Y:%H:%M:%S %z'}]", "10/Oct/2000:13:55:36 -0700",
     R"(body "10/Oct/2000:13:55:36 -0700" time 2000-10-10T20:55:36.000000000Z)"},
    {"gotime", "[{type: time_parser, parse_from: body, layout_type: gotime, layout: '2006-01-02T15:04:05.000Z07:00', location: UTC}]",
     "2024-01-02T03:04:05.678+01:00", R"(body "2024-01-02T03:04:05.678+01:00" time 2024-01-02T02:04:05.678000000Z)"},
    {"no_year", "[{type: time_parser, parse_from: body, layout: '%b %e %H:%M:%S', location: UTC}]", "Nov  3 01:02:03",
     R"(body "Nov  3 01:02:03" time 2023-11-03T01:02:03.000000000Z)"},
    {"no_year_but_last_one", "[{type: time_parser, parse_from: body, layout: '%b %e %H:%M:%S', location: UTC}]", "Dec 31 23:59:59",
     R"(body "Dec 31 23:59:59" time 2022-12-31T23:59:59.000000000Z)"},
    {"epoch_seconds", "[{type: time_parser, parse_from: body, layout_type: epoch, layout: s}]", "1700000000",
     R"(body "1700000000" time 2023-11-14T22:13:20.000000000Z)"},
    {"epoch_parts", "[{type: time_parser, parse_from: body, layout_type: epoch, layout: s.ms}]", "1700000000.25",
     R"(body "1700000000.25" time 2023-11-14T22:13:20.025000000Z)"},
    {"epoch_of_a_float", "[{type: json_parser, parse_to: body}, {type: time_parser, parse_from: body.t, layout_type: epoch, layout: s.us}]",
     R"({"t":1700000000.25})", R"(body {"t":1700000000.25} time 2023-11-14T22:13:20.250000000Z)"},
    {"before_there_was_time", "[{type: time_parser, parse_from: body, layout: '%Y-%m-%d %H:%M:%S %z'}]", "1970-01-01 00:00:05 +0200",
     R"(body "1970-01-01 00:00:05 +0200")"},
    {"beyond_time", "[{type: time_parser, parse_from: body, layout: '%Y-%m-%d', location: UTC}]", "9999-01-01", R"(body "9999-01-01")"},
    {"time_error_drops", "[{type: time_parser, parse_from: body, layout: '%Y', on_error: drop}]", "x", ""},
    // --- severity_parser ---
    {"severity", "[{type: severity_parser, parse_from: body}]", "Warning", R"(body "Warning" severity 13 Warning)"},
    {"severity_mapping", "[{type: severity_parser, parse_from: body, mapping: {error: [5xx, oops, {min: 700, max: 702}], info: 200}}]",
     "701", R"(body "701" severity 17 701)"},
    {"severity_preset_none", "[{type: severity_parser, parse_from: body, preset: none, mapping: {fatal: x}}]", "error",
     R"(body "error" severity 0 error)"},
    {"severity_overwrite", "[{type: severity_parser, parse_from: body, overwrite_text: true}]", "err3",
     R"(body "err3" severity 19 ERROR3)"},
    {"severity_number", "[{type: json_parser, parse_to: body, severity: {parse_from: body.l, mapping: {warn: 30}}}]", R"({"l":30})",
     R"(body {"l":30} severity 13 30)"},
    // --- trace_parser, scope_name_parser ---
    {"trace", "[{type: json_parser, parse_to: body}, {type: trace_parser}]",
     R"({"trace_id":"480140f3d770a5ae32f0a22b6a812cff","span_id":"92C3792d54ba94f3","trace_flags":"01"})",
     R"(body {"span_id":"92C3792d54ba94f3","trace_flags":"01","trace_id":"480140f3d770a5ae32f0a22b6a812cff"} trace 480140f3d770a5ae32f0a22b6a812cff span 92c3792d54ba94f3 flags 1)"},
    {"trace_broken", "[{type: json_parser, parse_to: body}, {type: trace_parser, on_error: drop}]", R"({"trace_id":"zz"})", ""},
    {"scope_name", "[{type: scope_name_parser, parse_from: body}]", "com.example", R"(scope com.example body "com.example")"},
    // --- add, copy, move, remove, retain, flatten, assign_keys ---
    {"add",
     "[{type: add, field: attributes.a, value: x}, {type: add, field: resource.r, value: 5}, {type: add, field: 'attributes[\"x.y\"]', "
     "value: {k: [1, true]}}]",
     "l", R"(resource {"r":5} body "l" attributes {"a":"x","x.y":{"k":[1,true]}})"},
    {"add_expression", "[{type: add, field: attributes.a, value: EXPR(upper(body) + env(\"TZ\"))}]", "l",
     R"(body "l" attributes {"a":"LEurope/Madrid"})"},
    {"copy", "[{type: json_parser, parse_to: body}, {type: copy, from: body.m, to: attributes.n}, {type: remove, field: body.m.a}]",
     R"({"m":{"a":1}})", R"(body {"m":{}} attributes {"n":{"a":1}})"},
    {"move", "[{type: json_parser, parse_to: body}, {type: move, from: body.a.b, to: attributes.c}]", R"({"a":{"b":1,"x":2}})",
     R"(body {"a":{"x":2}} attributes {"c":1})"},
    {"move_all", "[{type: json_parser, parse_to: body}, {type: move, from: body, to: attributes.all}]", R"({"a":1})",
     R"(attributes {"all":{"a":1}})"},
    {"move_missing", "[{type: move, from: body.a, to: attributes.c, on_error: drop}]", "x", ""},
    {"remove_all", "[{type: json_parser}, {type: remove, field: attributes}]", R"({"a":1})", R"(body "{\"a\":1}")"},
    {"retain", "[{type: json_parser}, {type: retain, fields: [attributes.a, attributes.m.x]}]", R"({"a":1,"b":2,"m":{"x":3,"y":4}})",
     R"(body "{\"a\":1,\"b\":2,\"m\":{\"x\":3,\"y\":4}}" attributes {"a":1,"m":{"x":3}})"},
    {"flatten", "[{type: json_parser, parse_to: body}, {type: flatten, field: body.m}]", R"({"m":{"x":1},"k":2})", R"(body {"k":2,"x":1})"},
    {"assign_keys", "[{type: json_array_parser, parse_to: body}, {type: assign_keys, field: body, keys: [a, b]}]", R"(["x","y"])",
     R"(body {"a":"x","b":"y"})"},
    {"dollar_fields", "[{type: json_parser, parse_to: $body}, {type: move, from: $.a, to: $attributes.b}]", R"({"a":1})",
     R"(body {} attributes {"b":1})"},
    // --- text ---
    {"unquote", "[{type: unquote, field: body}]", R"("a\tb\u00e9")", R"(body "a\tbé")"},
    {"unquote_error", "[{type: unquote, field: body, on_error: drop}]", R"("a)", ""},
    // --- filter, router, if, on_error ---
    {"filter", "[{type: filter, expr: 'body contains \"debug\"'}]", "a debug line", ""},
    {"filter_keeps", "[{type: filter, expr: 'body contains \"debug\"'}]", "a line", R"(body "a line")"},
    {"filter_ratio_0", "[{type: filter, expr: 'true', drop_ratio: 0}]", "a", R"(body "a")"},
    {"filter_error_keeps", "[{type: filter, expr: 'body.level == \"debug\"'}]", "a", R"(body "a")"},
    {"if", "[{type: json_parser, if: 'body startsWith \"{\"', on_error: drop}]", "x", R"(body "x")"},
    {"if_error", "[{type: noop, if: 'body.a.b', on_error: drop}]", "x", ""},
    {"router",
     "[{type: router, routes: [{expr: 'body == \"a\"', output: one, attributes: {k: 'is EXPR(body)!'}}, {expr: 'body == \"b\"', output: "
     "two}], default: three}, "
     "{type: add, id: one, field: attributes.r, value: 1, output: end}, {type: add, id: two, field: attributes.r, value: 2, output: end}, "
     "{type: add, id: three, field: attributes.r, value: 3, output: end}, {type: noop, id: end}]",
     "a", R"(body "a" attributes {"k":"is a!","r":1})"},
    {"router_default", "[{type: router, routes: [{expr: 'false', output: one}], default: one}, {type: noop, id: one}]", "a", R"(body "a")"},
    {"router_nowhere", "[{type: router, routes: [{expr: 'false', output: one}]}, {type: noop, id: one}]", "a", ""},
    {"two_outputs",
     "[{type: noop, output: [a, b]}, {type: add, id: a, field: attributes.x, value: 1, output: c}, {type: add, id: b, field: attributes.x, "
     "value: 2}, {type: noop, id: c}]",
     "l", "body \"l\" attributes {\"x\":1}\nbody \"l\" attributes {\"x\":2}"},
    // --- uri_parser ---
    {"uri", "[{type: uri_parser, parse_to: body}]", "HTTPS://me:pw@example.com:8443/a/b%20c?x=1&y=2&x=3+4",
     R"(body {"host":"example.com","path":"/a/b%20c","port":"8443","query":{"x":["1","3 4"],"y":["2"]},"scheme":"https","user":"me"})"},
    {"uri_path", "[{type: uri_parser, parse_to: body}]", "/a?b", R"(body {"path":"/a","query":{"b":[""]}})"},
    {"uri_query", "[{type: uri_parser, parse_to: body}]", "?a=b", R"(body {"query":{"a":["b"]}})"},
    {"uri_error", "[{type: uri_parser, on_error: drop}]", "no uri", ""},
    // --- syslog_parser ---
    {"rfc5424", "[{type: syslog_parser, protocol: rfc5424}]",
     R"(<165>1 2003-10-11T22:14:15.003Z host.example.com su 123 ID47 [ex@1 a="b\"c" d="e"][x@2] a message)",
     R"(body "<165>1 2003-10-11T22:14:15.003Z host.example.com su 123 ID47 [ex@1 a=\"b\\\"c\" d=\"e\"][x@2] a message" attributes {"appname":"su","facility":20,"facility_text":"local4","hostname":"host.example.com","message":"a message","msg_id":"ID47","priority":165,"proc_id":"123","structured_data":{"ex@1":{"a":"b\"c","d":"e"},"x@2":{}},"version":1} severity 10 notice time 2003-10-11T22:14:15.003000000Z)"},
    {"rfc5424_nil", "[{type: syslog_parser, protocol: rfc5424, parse_to: body}]", "<34>1 - - - - - -",
     R"(body {"facility":4,"facility_text":"auth","priority":34,"version":1} severity 18 crit)"},
    {"rfc3164", "[{type: syslog_parser, protocol: rfc3164, parse_to: body, location: Europe/Madrid}]",
     "<34>Oct 11 22:14:15 mymachine su[77]: 'su root' failed",
     R"(body {"appname":"su","facility":4,"facility_text":"auth","hostname":"mymachine","message":"'su root' failed","priority":34,"proc_id":"77"} severity 18 crit time 2023-10-11T20:14:15.000000000Z)"},
    {"rfc3164_no_pri", "[{type: syslog_parser, protocol: rfc3164, allow_skip_pri_header: true, parse_to: body}]",
     "Oct  1 22:14:15 h app: m", R"(body {"appname":"app","hostname":"h","message":"m"} time 2023-10-01T22:14:15.000000000Z)"},
    {"octet_counting", "[{type: syslog_parser, protocol: rfc5424, enable_octet_counting: true, parse_to: body}]", "19 <34>1 - - - - - - m",
     R"(body {"facility":4,"facility_text":"auth","message":"m","priority":34,"version":1} severity 18 crit)"},
    {"octet_counting_too_short", "[{type: syslog_parser, protocol: rfc5424, enable_octet_counting: true, on_error: drop}]",
     "99 <34>1 - - - - - - m", ""},
    {"trailer", "[{type: syslog_parser, protocol: rfc5424, non_transparent_framing_trailer: LF, parse_to: body}]", "<34>1 - - - - - - m\n",
     R"(body {"facility":4,"facility_text":"auth","message":"m","priority":34,"version":1} severity 18 crit)"},
    {"no_protocol", "[{type: syslog_parser, protocol: none}]", "<34>anything",
     R"(body "<34>anything" attributes {"facility":4,"facility_text":"auth","message":"<34>anything","priority":34} severity 18 crit)"},
};

INSTANTIATE_TEST_SUITE_P(All, Operators, testing::ValuesIn(cases), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vigia::operators
