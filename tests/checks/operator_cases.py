"""Cases for the comparison of log operators: configurations, the lines of a file, and how many records come out."""

from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    operators: list
    lines: list
    # How many records are waited for; by default one a line.
    records: int = -1
    # The file's path below the test's folder; pods' logs need one of their own.
    path: str = ""
    # Other keys of the receiver.
    options: dict = field(default_factory=dict)

    def expected(self):
        return len(self.lines) if self.records < 0 else self.records


JSON_LINES = [
    '{"a":"b","n":5,"f":1.5,"t":true,"z":null,"l":[1,"x",[2]],"m":{"k":"v","d":{"e":1e3}}}',
    '{"a":1,"b":2,"a":3}',
    r'{"a":"\u00e9\n\"\\\/\ud83d\ude00","\u0062":"\ud800x","c":"\udc00"}',
    '{"tab":"x\ty"}',
    '{"n":007,"m":-0,"big":12345678901234567890,"small":1e-999,"dot":1.}',
    "null", "[1]", "5", '"x"', "{nope", '{"a":1} x', '{"a":1}}', "{}", '{"":""}', " {\"a\" : [ ] } ", '{"a":1,}', '{"a":tru}', "{'a':1}",
    '{"a":1e999}', "plain text", '{"é":"ü"}', '{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}',
]
TIMES = ["2024-02-29T12:34:56.789Z", "2024-2-29T1:2:3Z", "2024-02-30T00:00:00Z", "2024-02-29T12:34:56.123456789123Z", "", "x",
         "2024-02-29T12:34:56,5Z", "2024-02-29T24:00:00Z"]


def parser(kind, **keys):
    return {"type": kind, **keys}


def time_cases():
    layouts = {
        "%Y-%m-%dT%H:%M:%S.%LZ": TIMES,
        "%d/%b/%Y:%H:%M:%S %z": ["10/Oct/2000:13:55:36 -0700", "10/oct/2000:13:55:36 +0200", "1/Oct/2000:13:55:36 Z", "10/Oct/2000:13:55:36 +02:00"],
        "%c": ["Thu Apr 5 13:30:46 2007", "Thu Apr 05 13:30:46 2007", "thu apr  5 13:30:46 2007"],
        "%b %e %H:%M:%S": ["Jan  1 00:00:00", "Jan 1 00:00:00", "Feb 28 23:59:59"],
        "%y%m%d %I:%M %p": ["240229 01:02 PM", "240229 12:00 AM", "690101 1:02 AM", "240229 13:02 PM"],
        "%Y-%m-%d %H:%M:%S %Z": ["2024-01-02 03:04:05 UTC", "2024-01-02 03:04:05 GMT", "2024-01-02 03:04:05 EST", "2024-07-02 03:04:05 CEST"],
        "%D %R": ["02/29/24 12:34", "02/29/2024 12:34"],
        "%A, %B %d, %Y %T": ["Thursday, February 29, 2024 12:34:56", "Thu, Feb 29, 2024 12:34:56"],
    }
    for layout, lines in layouts.items():
        yield Case(f"strptime {layout}", [parser("time_parser", parse_from="body", layout=layout)], lines)
        yield Case(f"strptime {layout} in a place", [parser("time_parser", parse_from="body", layout=layout, location="America/New_York")], lines)
    for layout, lines in {
        "2006-01-02T15:04:05.000Z07:00": ["2024-01-02T03:04:05.678+01:00", "2024-01-02T03:04:05.67Z", "2024-01-02T03:04:05.678Z"],
        "Mon, 02 Jan 06 15:04:05 MST": ["Thu, 29 Feb 24 12:34:56 UTC", "Thu, 29 Feb 24 12:34:56 EST", "Thu, 29 Feb 24 12:34:56 GMT"],
        "Jan _2 15:04:05.999999": ["Feb  5 17:32:18.123", "Feb 15 17:32:18"],
        "3:04PM 2006-002": ["1:02PM 2024-060", "01:02AM 2023-366"],
    }.items():
        yield Case(f"gotime {layout}", [parser("time_parser", parse_from="body", layout_type="gotime", layout=layout)], lines)
    for layout in ("s", "ms", "us", "ns", "s.ms", "s.us", "s.ns"):
        numbers = ["1700000000", "1700000000.25", "-5", "x", "1.5"] + ["1700000000123456789"] * (layout == "ns")
        yield Case(f"epoch {layout}", [parser("time_parser", parse_from="body", layout_type="epoch", layout=layout)], numbers)
        yield Case(f"epoch {layout} of numbers",
                   [parser("json_parser", timestamp={"parse_from": "attributes.t", "layout_type": "epoch", "layout": layout})],
                   ['{"t":1700000000}', '{"t":1700000000.25}', '{"t":true}'])


def expression_cases():
    """Each expression adds an attribute; all see the same lines."""
    lines = ['{"msg":"Hello, world","n":5,"f":1.5,"list":[3,1,2],"map":{"x":{"y":"z"}},"people":[{"name":"ann","age":30},{"name":"bob","age":20}]}',
             '{"msg":5}', "plain"]
    for expression in [
        "body.msg", "body.n + 1", "body.n / 2", "7 % 3", "2 ** 10", "body.missing", "body.missing.x", "body.missing?.x", "body.map.x.y",
        "body?.map?.x?.y", 'body.msg contains "world"', 'body.msg matches "^H.*d$"', 'body.n in [5, 6]', '"msg" in body', "len(body)", "len(body.msg)",
        "upper(body.msg)", 'split(body.msg, ", ")', 'trim("  a ")', 'join(["a", "b"], "-")', 'replace(body.msg, "l", "L")', "string(body.n)",
        "string(body.list)", "string(body.map)", "int(body.f)", 'int("42")', 'float("1.5")', "body.list[0]", "body.list[-1]", "body.list[1:]", "body.msg[0:5]",
        "map(body.list, # * 2)", "filter(body.list, # > 1)", "any(body.list, # == 1)", "all(body.people, .age > 10)", "count(body.people, .age > 25)",
        "body.people | filter(.age < 25) | map(.name)", "sum(body.list)", "max(body.list)", "sort(body.list)", "reduce(body.list, #acc + #, 0)",
        "body.n > 3 ? \"many\" : \"few\"", 'body.missing ?? "x"', "let x = body.n; x * 2", "{a: 1, b: [2]}", "body.n == 5 and body.f < 2",
        'body.n == "5"', "not (body.n == 5)", "toBase64(body.msg)", 'fromJSON("{\\"a\\": 1}").a', "type(body.n)", "abs(-5)", "ceil(1.2)", "round(2.5)",
        "first(body.list)", "keys({a: 1})", 'hasPrefix(body.msg, "He")', "indexOf(body.msg, \"o\")", "$.msg", 'attributes["log.file.name"]', "severity_text",
        "1_000 + 0x10", "-body.n", "+body.n", "nil", "true", "body.n <= 5.0", "1 < 2 < 3", 'env("HOME_OF_NOBODY")', "1.5", "100000000000000000000.0", "1e-7",
    ]:
        yield Case(f"expression {expression}",
                   [parser("json_parser", parse_to="body", on_error="send_quiet"), parser("add", field="attributes.result", value=f"EXPR({expression})")], lines)


CASES = [
    Case("json", [parser("json_parser")], JSON_LINES),
    Case("json to body", [parser("json_parser", parse_to="body")], JSON_LINES),
    Case("json with integers", [parser("json_parser", parse_ints=True)], JSON_LINES),
    Case("json drop", [parser("json_parser", on_error="drop")], JSON_LINES, records=12),
    Case("json below", [parser("json_parser", parse_to="body.a.b")], JSON_LINES[:2]),
    Case("json with blocks", [parser("json_parser", timestamp={"parse_from": "attributes.time", "layout": "%Y-%m-%dT%H:%M:%S.%LZ"},
                                     severity={"parse_from": "attributes.level"}, trace={"trace_id": {"parse_from": "attributes.id"}},
                                     scope_name={"parse_from": "attributes.scope"})],
         [f'{{"time":"{time}","level":"{level}","id":"{trace}","scope":"s"}}'
          for time in TIMES[:3] for level in ("info", "WARNING", "x", "17") for trace in ("480140f3d770a5ae32f0a22b6a812cff", "ab", "zz")]),
    Case("json body", [parser("json_parser", body="attributes.msg")], ['{"msg":"hello"}', '{"msg":{"a":1}}', '{"x":1}']),
    Case("json array", [parser("json_array_parser", parse_to="body")], ['["a",5,true,null,1.5]', "[]", "[[1]]", "x"]),
    Case("json array with header", [parser("json_array_parser", header="a,b")], ['["x",1]', "[1]"]),
    Case("regex", [parser("regex_parser", regex=r"^(?P<level>\w+)(?: \[(?P<id>\d+)\])? (?P<msg>.*)$")], ["INFO [7] well", "WARN bad", "x"]),
    Case("regex replace", [parser("regex_replace", field="body", regex=r"(\w+)@(?P<host>\w+)", replace_with="${host} $1 $2x $$")],
         ["me@home you@work", "none", "@", "é@ü a@b"]),
    Case("regex replace of nothing", [parser("regex_replace", field="body", regex="x*", replace_with="-")], ["axb", "", "xx", "é"], records=3),
    Case("ansi", [parser("regex_replace", field="body", regex_name="ansi_control_sequences")], ["\x1b[31mred\x1b[0m", "plain"]),
    Case("key value", [parser("key_value_parser")], ['a=b c="d e" f=\'g "h"\' i=', "a=b=c", "a", '="x"', 'a="b', 'a=\\"b c', " a=b  c=d ", "a= b", "'a b'=c"]),
    Case("key value with others", [parser("key_value_parser", delimiter=":", pair_delimiter="; ")], ["a: 1; b:2; ", "a:1;b:2", "; ; a:b"]),
    Case("csv", [parser("csv_parser", header="a,b,c")], ['1,"x, ""y""",', "1,2", "1,2,3,4", 'x"y,z,w', '"x"y,z,w', '"open,1,2', ",,", "é,ü,ö"]),
    Case("csv lazy", [parser("csv_parser", header="a,b", lazy_quotes=True)], ['x"y,"z "q" w"', '"a,b', '"a"b,c']),
    Case("csv without quotes", [parser("csv_parser", header="a|b", delimiter="|", ignore_quotes=True)], ['"x|y"', "a|b|c"]),
    Case("uri", [parser("uri_parser", parse_to="body")],
         ["HTTPS://me:pw@example.com:8443/a/b%20c?x=1&y=2&x=3+4", "/a?b", "?a=b&c", "no uri", "http://[::1]:80/x", "mailto:a@b", "/a%zz", "?a=%zz", "//h/p", "http://h:p/"]),
    Case("unquote", [parser("unquote", field="body")], [r'"a\tb\u00e9"', r"'x'", "`raw`", '"a', r'"\q"', "plain", '""']),
    Case("severity", [parser("severity_parser", parse_from="body")],
         ["trace", "DEBUG2", "Info", "warning", "warn4", "err", "ERROR3", "fatal", "24", "0", "25", "x", ""][:12]),
    Case("severity mapping", [parser("severity_parser", parse_from="body", preset="none", overwrite_text=True,
                                     mapping={"error": ["5xx", "oops", {"min": 700, "max": 702}], "info": 200, "warn3": "w"})],
         ["503", "OOPS", "701", "200", "w", "error", "703"]),
    Case("add", [parser("add", field="attributes.a", value="x"), parser("add", field="resource.r", value=5), parser("add", field='attributes["x.y"]', value={"k": [1, True]}),
                 parser("add", field="body.z", value=1.5)], ["l"]),
    Case("copy and move", [parser("json_parser", parse_to="body"), parser("copy", **{"from": "body.m", "to": "attributes.n"}),
                           parser("move", **{"from": "body.a", "to": "body.b.c"})], ['{"m":{"a":1},"a":2,"b":3}', '{"a":{"x":1},"b":{"c":{"y":2}},"m":1}', "x"]),
    Case("remove", [parser("json_parser"), parser("remove", field="attributes.m.a"), parser("remove", field="body")], ['{"m":{"a":1,"b":2}}', "{}"]),
    Case("retain", [parser("json_parser"), parser("retain", fields=["attributes.a", "attributes.m.x"])], ['{"a":1,"b":2,"m":{"x":3,"y":4}}', "x"]),
    Case("flatten", [parser("json_parser", parse_to="body"), parser("flatten", field="body.m")], ['{"m":{"x":1},"k":2}', '{"m":5}', "{}"]),
    Case("assign keys", [parser("json_array_parser", parse_to="body"), parser("assign_keys", field="body", keys=["a", "b"])], ['["x","y"]', "[1]", "x"]),
    Case("filter", [parser("filter", expr='body contains "debug"')], ["a debug line", "a line"], records=1),
    Case("router", [parser("router", default="three", routes=[{"expr": 'body == "a"', "output": "one", "attributes": {"k": "is EXPR(body)!"}},
                                                              {"expr": 'body matches "^b"', "output": "two"}]),
                    parser("add", id="one", field="attributes.r", value=1, output="end"), parser("add", id="two", field="attributes.r", value=2, output="end"),
                    parser("add", id="three", field="attributes.r", value=3, output="end"), parser("noop", id="end")], ["a", "bc", "d"]),
    Case("if", [parser("json_parser", **{"if": 'body startsWith "{"'}), parser("add", field="attributes.b", value=1, **{"if": "attributes.a == 1"})],
         ['{"a":1}', '{"a":2}', "x"]),
    Case("recombine first", [parser("recombine", combine_field="body", is_first_entry='body matches "^[^\\\\s]"', source_identifier="attributes['log.file.name']",
                                    force_flush_period="1s")],
         ["error 1", "  at x", "  at y", "error 2", "last"], records=3, options={"preserve_leading_whitespaces": True}),
    Case("recombine last", [parser("recombine", combine_field="body", combine_with="", is_last_entry='body endsWith "."', max_batch_size=3)],
         ["a", "b.", "c.", "d", "e", "f", "g."], records=4),
    Case("rfc5424", [parser("syslog_parser", protocol="rfc5424")],
         [r'<165>1 2003-10-11T22:14:15.003Z host.example.com su 123 ID47 [ex@1 a="b\"c" d="e"][x@2] a message', "<34>1 2003-10-11T22:14:15-07:00 - - - - -",
          "<34>1 2003-10-11T22:14:15Z h a p m - text", "<34>2 x - - - - -", "<999>1 2003-10-11T22:14:15Z - - - - -", "none",
          "<34>1 2003-10-11T22:14:15.123456Z h a p m [a b=\"c\"]", "<0>1 2003-10-11T22:14:15Z h a p m [a] é"]),
    Case("rfc3164", [parser("syslog_parser", protocol="rfc3164", location="Europe/Madrid")],
         ["<34>Jan 11 22:14:15 mymachine su[77]: 'su root' failed", "<13>Feb  5 17:32:18 host message without tag", "<13>Feb 05 17:32:18 host app: m",
          "<13>Feb  5 17:32:18 app: m", "<13>Feb  5 17:32:18 host", "none", "<13>Feb 30 17:32:18 host app: m", "<191>Mar 11 22:14:15 h t: \tx"]),
    Case("rfc3164 without priority", [parser("syslog_parser", protocol="rfc3164", allow_skip_pri_header=True)], ["Feb  5 17:32:18 h app: m", "<13>Feb  5 17:32:18 h app: m"]),
    Case("octet counting", [parser("syslog_parser", protocol="rfc5424", enable_octet_counting=True)],
         ["38 <34>1 2003-10-11T22:14:15Z h a p m - m", "99 <34>1 2003-10-11T22:14:15Z h a p m - m"]),
    Case("syslog of no protocol", [parser("syslog_parser", protocol="none")], ["<34>anything", "nothing", "<999>x"]),
    Case("container", [parser("container")],
         ["2024-04-13T07:59:37.505201169-05:00 stdout F standalone crio line", "2024-04-13T07:59:37.505201169Z stdout P containerd ",
          "2024-04-13T07:59:38.000000001Z stdout F in two parts", r'{"log":"INFO: docker\n","stream":"stderr","time":"2029-03-30T08:31:20.545192187Z"}',
          "2024-04-13T07:59:37Z stderr F ", "x"],
         records=5, path="some_kube-scheduler_49cc7c1fd3702c40b2686ea7486091d3/kube-scheduler44/1.log", options={"include_file_path": True}),
    *time_cases(),
    *expression_cases(),
]
