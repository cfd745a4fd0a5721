"""The sections that both programs run: (family, name, signals, processor, its configuration)."""

from dataclasses import dataclass

SIGNALS = ("traces", "metrics", "logs")


@dataclass(frozen=True)
class Case:
    family: str
    name: str
    signals: tuple
    processor: str
    section: dict


# --- Actions on attributes ------------------------------------------------------------------------------------------

_VALUES = ("new", "42", 42, 4.5, True, "", "ñ", [], ["a", "b"], [1, 2], {"a": 1, "b": {"c": ["x"]}}, -1, 1e21, "true", "0x10")


def _action_lists():
    for kind in ("insert", "update", "upsert"):
        for key in ("k", "missing", "", "service.name") if kind == "upsert" else ("k", "missing"):
            if key:
                yield from ([{"key": key, "value": value, "action": kind}] for value in (_VALUES if kind == "upsert" and key == "k" else ("new", 42)))
        for source in ("k2", "k", "service.name", "missing", "http.url"):
            yield [{"key": "env", "from_attribute": source, "action": kind}]
        for source in ("metadata.x-tenant", "metadata.X-Tenant", "x-tenant", "metadata.none", "client.address", "auth.subject", "none"):
            yield [{"key": "env", "from_context": source, "action": kind}]
        yield [{"key": "env", "from_attribute": "missing", "default_value": "fallback", "action": kind}]
        yield [{"key": "env", "from_context": "metadata.none", "default_value": 7, "action": kind}]
        yield [{"key": "env", "default_value": ["only", "default"], "action": kind}]
    for kind in ("delete", "hash"):
        yield from ([{"key": key, "action": kind}] for key in ("k", "missing", "service.name", "ñ"))
        yield from ([{"pattern": pattern, "action": kind}] for pattern in ("^http\\.", "user", "^k$", ".*", "^$", "(?i)^USER", "ñ"))
        yield [{"key": "env", "pattern": "^user\\.", "action": kind}]
        yield [{"key": "k", "pattern": "^k", "action": kind}]
    for pattern in ("^(?P<scheme>[^:]+)://(?P<host>[^/]+)(?P<path>/[^?]*)", "(?P<k>e.)", "(?P<first>^.)(?P<k2>.*)$", "(?P<maybe>z)?(?P<rest>t)",
                    "(?P<all>(?s).*)", "(?P<number>[0-9]+)", "(?i)(?P<same>TEXT)"):
        yield [{"key": "k", "pattern": pattern, "action": "extract"}]
    for target in ("int", "double", "string"):
        for key in ("k", "k2", "missing"):
            yield [{"key": key, "converted_type": target, "action": "convert"}]
    yield [{"key": "k", "converted_type": "double", "action": "convert"}, {"key": "k", "converted_type": "string", "action": "convert"}]
    yield [{"key": "k", "converted_type": "string", "action": "convert"}, {"key": "k", "converted_type": "double", "action": "convert"}]
    yield [{"key": "k", "converted_type": "string", "action": "convert"}, {"key": "k", "action": "hash"}]
    yield [{"key": "k", "action": "hash"}, {"key": "k2", "from_attribute": "k", "action": "upsert"}, {"key": "k", "action": "delete"}]
    yield [{"key": "a", "value": 1, "action": "insert"}, {"key": "a", "value": 2, "action": "insert"}, {"key": "b", "from_attribute": "a", "action": "upsert"}]
    yield [{"key": "k", "action": "delete"}, {"key": "k", "value": "again", "action": "insert"}, {"key": "k", "value": "more", "action": "update"}]
    yield [{"key": "k", "pattern": "(?P<k>.)(?P<env>.)", "action": "extract"}, {"key": "env", "converted_type": "int", "action": "convert"}]
    yield [{"key": "k", "value": "UPPER", "action": "UPSERT"}]


def _action_cases():
    for number, actions in enumerate(_action_lists()):
        summary = "-".join(str(actions[0].get(part, "")) for part in ("action", "key", "pattern", "from_attribute", "from_context", "value", "converted_type")
                           if part in actions[0])
        makes_integers = any(action.get("converted_type") == "int" for action in actions)
        name = f"{number}-{summary}"
        yield Case("integers" if makes_integers else "attributes", f"attributes-{name}", SIGNALS, "attributes", {"actions": actions})
        yield Case("integers" if makes_integers else "resource", f"resource-{name}", SIGNALS, "resource", {"attributes": actions})


# --- include and exclude --------------------------------------------------------------------------------------------

_ATTRIBUTE_VALUES = ("text", "", "42", 42, 4.5, 3, True, False)
_PATTERNS = ("^t", "ñ", "^$", "4", "^(true|42)$", "\\.", "e\\+", "NaN|Inf", "TEXT")


def _attribute_matches(kind):
    yield [{"key": "k"}]
    yield [{"key": "missing"}]
    values = _ATTRIBUTE_VALUES if kind == "strict" else _PATTERNS
    yield from ([{"key": "k", "value": value}] for value in values)
    yield [{"key": "k"}, {"key": "env"}]


_STRICT_BY_SIGNAL = {
    "traces": [{"services": ["shop"]}, {"services": ["shop", "billing"]}, {"services": ["42"]}, {"services": ["<nil-service-name>"]}, {"services": [""]},
               {"span_names": ["SELECT", "ñandú"]}, {"span_names": [""]}, {"span_kinds": ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"]},
               {"services": ["shop"], "span_names": ["GET /cart", "SELECT"], "span_kinds": ["SPAN_KIND_SERVER", "SPAN_KIND_INTERNAL"]}],
    "metrics": [{"metric_names": ["GET /cart", ""]}, {"metric_names": ["none"]}],
    "logs": [{"log_bodies": ["text"]}, {"log_bodies": [""]}, {"log_bodies": ["42", "true"]}, {"log_severity_texts": ["INFO", "Warn"]},
             {"log_severity_number": {"min": 9, "match_undefined": False}}, {"log_severity_number": {"min": 17, "match_undefined": True}},
             {"log_severity_number": {"min": 1}, "log_severity_texts": ["INFO"]}],
}
_REGEXP_BY_SIGNAL = {
    "traces": [{"services": ["^shop"]}, {"services": ["nil"]}, {"services": ["^4"]}, {"span_names": ["(?i)^select$", "ñ"]}, {"span_names": ["^$"]},
               {"span_names": ["GET"]}, {"span_kinds": ["SERVER|CLIENT"]}, {"span_kinds": ["UNSPECIFIED"]}, {"services": ["."], "span_names": ["T"]}],
    "metrics": [{"metric_names": ["^GET", "ñ"]}, {"metric_names": ["^$"]}],
    "logs": [{"log_bodies": ["^te", "ñ"]}, {"log_bodies": ["^$"]}, {"log_bodies": ["4"]}, {"log_bodies": ["deep"]}, {"log_bodies": ["[<{]"]},
             {"log_severity_texts": ["^(?i)info$"]}, {"log_severity_texts": ["^$"]}],
}
_LIBRARIES = {
    "strict": [[{"name": "shop"}], [{"name": "shop", "version": "1.0"}], [{"name": "shop", "version": ""}], [{"name": ""}],
               [{"name": "shop"}, {"name": "db"}], [{"name": "shop"}, {"name": "shop", "version": "1.0"}]],
    "regexp": [[{"name": "^(shop|db)$"}], [{"name": ".", "version": "^2"}], [{"name": "s", "version": "^$"}], [{"name": ""}]],
}


def _properties(signal, kind):
    yield from (_STRICT_BY_SIGNAL if kind == "strict" else _REGEXP_BY_SIGNAL)[signal]
    # Of metrics the Collector's `attributes` ignores the resources, against its own documentation; ours looks at them.
    if signal != "metrics":
        yield from ({"resources": attributes} for attributes in _attribute_matches(kind))
        yield from ({"attributes": attributes} for attributes in _attribute_matches(kind))
        yield from ({"libraries": libraries} for libraries in _LIBRARIES[kind])
        yield {"attributes": [{"key": "k", "value": "text" if kind == "strict" else "te"}], "resources": [{"key": "k"}]}


def _marked(match):
    return {**match, "actions": [{"key": "mark", "value": "seen", "action": "upsert"}]}


def _match_cases():
    for signal in SIGNALS:
        for kind in ("strict", "regexp"):
            for number, properties in enumerate(_properties(signal, kind)):
                side = "include" if number % 3 else "exclude"
                section = _marked({side: {"match_type": kind, **properties}})
                yield Case("match", f"{signal}-{kind}-{side}-{number}-{'+'.join(properties)}", (signal,), "attributes", section)
    both = {"traces": ("span_names", "GET /cart", "SELECT"), "metrics": ("metric_names", "GET /cart", "SELECT"), "logs": ("log_severity_texts", "INFO", "ERROR")}
    for signal, (key, one, two) in both.items():
        match = {"include": {"match_type": "strict", key: [one, two]}, "exclude": {"match_type": "strict", **({key: [two]} if signal == "metrics" else {"resources": [{"key": "env", "value": "prod"}]})}}
        yield Case("match", f"{signal}-both", (signal,), "attributes", _marked(match))


# --- filter, older form ---------------------------------------------------------------------------------------------


def _older_filter_properties(signal, kind):
    if signal == "traces":
        yield from _properties(signal, kind)
        return
    attributes = [[{"key": "k", "value": value}] for value in (_ATTRIBUTE_VALUES if kind == "strict" else _PATTERNS)] + [[{"key": "k"}], [{"key": "env"}]]
    yield from ({"resource_attributes": one} for one in attributes)
    if signal == "metrics":
        yield from ({"metric_names": names} for names in (["GET /cart", "SELECT"], ["^GET", "ñ"], ["none"]))
        yield {"metric_names": ["SELECT"], "resource_attributes": [{"key": "env", "value": "prod"}]}
        return
    yield from ({"record_attributes": one} for one in attributes)
    yield from ({"severity_texts": texts} for texts in (["INFO", "Warn"], ["(?i)info"]))
    yield from ({"bodies": bodies} for bodies in (["text", "42"], ["ñ"], ["^$"], [""]))
    yield from ({"severity_number": number} for number in ({"min": "INFO"}, {"min": "WARN2", "match_undefined": True}, {"min": "ERROR", "match_undefined": False},
                                                           {"min": "9"}, {"min": "debug4"}, {"match_undefined": True}))
    yield {"severity_texts": ["INFO"], "bodies": ["text"], "record_attributes": [{"key": "k"}]}


def _older_filter_cases():
    for signal in SIGNALS:
        for kind in ("strict", "regexp"):
            for number, properties in enumerate(_older_filter_properties(signal, kind)):
                for side in ("include", "exclude"):
                    section = {"spans" if signal == "traces" else signal: {side: {"match_type": kind, **properties}}}
                    yield Case("older filter", f"{signal}-{kind}-{side}-{number}-{'+'.join(properties)}", (signal,), "filter", section)


# --- filter, OTTL ---------------------------------------------------------------------------------------------------

_LITERALS = ('"text"', '""', '"42"', "42", "-1", "4.5", "3", "0", "true", "false", "nil", "0x00ff", '["a", "b"]', '["a", 1, nil]', "[]", '{"a": "x", "b": 1}', "{}",
             "9007199254740993", "100000000000000000000.0")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def _value_conditions():
    for literal in _LITERALS:
        yield from (f'attributes["k"] {sign} {literal}' for sign in _COMPARISONS)
    # A key into an empty value is an error in the Collector and nil here, hence IsMap and IsList.
    yield from (f'{target} {test}' for target in ('attributes["k"]', 'resource.attributes["k"]', 'attributes["missing"]') for test in ("== nil", "!= nil", '== "x"'))
    yield from (f'IsMap(attributes["k"]) and attributes["k"]["a"] {test}' for test in ("== nil", "!= nil", '== "x"'))
    yield from (f'IsList(attributes["k"]) and Len(attributes["k"]) > 0 and attributes["k"][0] {test}' for test in ("== nil", "!= nil", '== "a"'))
    yield 'attributes["k"]["a"]["b"][0] == "deep"'
    yield 'attributes["k"]["a"] == "x"'
    yield 'attributes["k"][0] == "a"'
    yield from (f'{literal} < attributes["k"]' for literal in ('"t"', "3", "2.5", "false", "0x01"))
    yield from (f'attributes["k"] {sign} attributes["k2"]' for sign in _COMPARISONS)
    yield 'attributes["k"] == resource.attributes["k"]'
    yield 'attributes["k"] == scope.attributes["k"]'
    yield 'attributes["k"] == "text" or attributes["k"] == 42'
    yield 'attributes["k"] != nil and not IsString(attributes["k"])'
    yield 'not (attributes["k"] == "text" or IsMap(attributes["k"])) and attributes["k"] != nil'
    yield 'attributes["k"] == "text" and true or attributes["k"] == 3.0'
    yield "true"
    yield "false"
    yield "not true"
    yield "1 < 2"
    yield '"a" == "a" and 1 + 1 == 2'
    yield 'attributes["k"] + 1 == 43'
    yield 'attributes["k"] * 2 > 8'
    yield 'attributes["k"] / 2 == 21'
    yield 'attributes["k"] - 0.5 == 4'
    yield "7 / 2 == 3"
    yield "-7 / 2 == -3"
    yield 'attributes["k"] / 0 == 1'
    yield 'attributes["k"] / 0.0 > 1'
    yield "2 + 3 * 4 == 14 and (2 + 3) * 4 == 20"


def _function_conditions():
    k = 'attributes["k"]'
    yield from (f"{name}({k})" for name in ("IsString", "IsInt", "IsDouble", "IsBool", "IsMap", "IsList", "IsEmpty"))
    yield from (f'IsMatch({k}, "{pattern}")' for pattern in ("^t", "ñ", "4", "^$", "\\\\.", "(?i)text", "deep", "[+]", "AP8", "00ff", "true|Inf", "\\\"", "u003c|<"))
    yield from (f"IsEmpty({target})" for target in ('attributes["missing"]', "resource.attributes", "attributes", 'scope.name', 'scope.version'))
    yield from (f"Len({k}) {test}" for test in ("== 0", "== 4", "> 2", "== 2"))
    yield "Len(attributes) > 3"
    yield from (f"Int({k}) {test}" for test in ("== 42", "== nil", "== -7", "> 9", "== 1", "== 0", "== 9223372036854775807"))
    yield from (f"Double({k}) {test}" for test in ("== 42", "== nil", "== 4.5", "== 1000", "> 100000000000000000000.0", "== 0", "== 0.25"))
    yield from (f"Bool({k}) {test}" for test in ("== true", "== false", "== nil"))
    yield from (f"String({k}) == {text}" for text in ('"42"', '"true"', '"4.5"', '"1e+21"', '"[]"', '"{}"', 'nil', '"00ff"', '"AP8="', '"NaN"', '"3"', '""',
                                                       '"[\\"a\\",\\"b\\"]"', '"{\\"a\\":\\"x\\",\\"b\\":1}"', '"-0"', '"1e-07"', '"9.3e+18"', '"123456789.125"'))
    yield from (f'Concat([{k}, "x"], "-") == "{text}"' for text in ("text-x", "42-x", "-x", "true-x", "<nil>-x", "4.5-x", "[]-x", "00ff-x", "AP8=-x"))
    yield from (f'ContainsValue({k}, {item})' for item in ('"a"', "1", '"z"', "nil"))
    yield f'ContainsValue(["text", "42"], {k})'
    yield from (f'ConvertCase({k}, "{case}") == "{text}"' for case, text in (("lower", "text"), ("upper", "TEXT")))
    yield f'ToLowerCase({k}) == "text"'
    yield f'ToUpperCase({k}) == "TEXT"'
    yield f'HasPrefix({k}, "te")'
    yield f'HasSuffix({k}, "xt")'
    yield from (f"Substring({k}, {start}, {count}) == {text}" for start, count, text in ((0, 2, '"te"'), (1, 3, '"ext"'), (0, 1, '"4"'), (4, 1, '"x"'), (0, 0, '""')))
    yield f'Keys({k}) == ["a", "b"]'
    yield f'Len(Keys({k})) == 3'
    yield 'Duration("1m30s") == Duration("90s")'
    yield 'Seconds(Duration("1m30s")) == 90'
    yield 'Minutes(Duration("90s")) == 1.5 and Hours(Duration("90m")) == 1.5'
    yield 'Milliseconds(Duration("1.5s")) == 1500 and Microseconds(Duration("1ms")) == 1000 and Nanoseconds(Duration("1us")) == 1000'
    yield f'Duration({k}) > Duration("1s")'


_CONTEXT_CONDITIONS = {
    ("traces", "resource"): ['attributes["k"] == "text"', 'attributes["service.name"] == "shop"', "dropped_attributes_count == 1", 'IsMatch(schema_url, "1.21")', "Len(attributes) == 3"],
    ("traces", "span"): [
        'name == "SELECT"', 'span.name == ""', "kind == SPAN_KIND_SERVER", "kind == 3", 'kind.string == "Client"', 'kind.deprecated_string == "SPAN_KIND_CLIENT"', 'kind.string == "Unspecified"',
        "status.code == STATUS_CODE_ERROR", 'status.message == "failed"', "status.code != STATUS_CODE_UNSET and kind > SPAN_KIND_INTERNAL",
        "end_time_unix_nano - start_time_unix_nano > 1000000000", 'end_time - start_time >= Duration("1s")', "start_time_unix_nano > 1700000000500000000",
        "UnixSeconds(start_time) > 1700000500", "UnixMilli(end_time) > 1700000500000", "UnixNano(start_time) == start_time_unix_nano", "UnixMicro(start_time) < 1700000500000000",
        'trace_state == ""', 'trace_state["a"] == "b"', 'trace_state["ot"] == "th:0"', 'trace_state["missing"] == ""', 'trace_state["missing"] == nil', 'IsMatch(trace_state, "^ot=")',
        "parent_span_id == nil", "parent_span_id == SpanID(0x0000000000000000)", 'parent_span_id.string == ""', "IsRootSpan()", "not IsRootSpan()",
        "trace_id == TraceID(0x000102030405060708090a0b0c0d0e0f)", 'trace_id.string == "000102030405060708090a0b0c0d0e0f"', "span_id == SpanID(0x0001020304050607)",
        "trace_id != TraceID(0x00000000000000000000000000000000)", 'IsMatch(trace_id.string, "^[0-7]")',
        'trace_id == TraceID("000102030405060708090a0b0c0d0e0f")', "trace_id == nil", "span_id == nil", "Len(trace_id) == 16",
        "Len(events) == 2", "Len(links) > 0", "dropped_attributes_count == 1", "dropped_events_count == 2", "dropped_links_count == 4", "flags == 769", "flags == 1", "events == nil",
        'scope.name == "shop"', 'instrumentation_scope.version == "1.0"', 'scope.attributes["k"] == "text"', 'scope.schema_url == ""', 'resource.schema_url != ""',
        'resource.attributes["env"] == "prod" and name != "SELECT"', "scope.dropped_attributes_count == 1", "attributes == resource.attributes", "attributes == {}", "resource.dropped_attributes_count > 0",
    ],
    ("traces", "spanevent"): ['name == "exception"', 'attributes["k"] == "text"', 'span.name == "SELECT"', "time_unix_nano > 1700000000500000000", "dropped_attributes_count == 1",
                              'spanevent.name == "" and span.status.code == STATUS_CODE_ERROR', 'UnixSeconds(time) > 1700000500', "attributes[\"flag\"] == true", "true"],
    ("metrics", "resource"): ['attributes["env"] == "prod"', 'attributes["k"] != nil'],
    ("metrics", "metric"): [
        'name == "SELECT"', 'unit == "By"', 'description == "about"', "type == METRIC_DATA_TYPE_SUM", "type == METRIC_DATA_TYPE_HISTOGRAM or type == METRIC_DATA_TYPE_SUMMARY", "type == METRIC_DATA_TYPE_NONE",
        "type == 4", "type != METRIC_DATA_TYPE_GAUGE", "aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA", "aggregation_temporality == AGGREGATION_TEMPORALITY_UNSPECIFIED", "aggregation_temporality == nil",
        "is_monotonic == true", "is_monotonic == false", "is_monotonic == nil", "Len(data_points) == 0", "Len(data_points) > 1", "metadata == {}", 'metadata["x"] == nil', "Len(metadata) == 0",
        'HasAttrKeyOnDatapoint("k2")', 'HasAttrOnDatapoint("k", "text")', 'HasAttrOnDatapoint("k", "42")', 'HasAttrOnDatapoint("k", "")', 'HasAttrKeyOnDatapoint("missing")', 'metric.name == "GET /cart"', 'resource.attributes["k"] == 42',
        'scope.name == "db"', "true",
    ],
    ("metrics", "datapoint"): [
        "value_int == 4", "value_double == 4", "value_int > 0", "value_double < 0", "value_int == nil", "value_double == nil", "flags == FLAG_NO_RECORDED_VALUE", "flags == 1", "count > 2", "count == nil", "sum == 1.5", "sum > 2",
        "sum == nil", "scale == -1", "scale == nil", "zero_count > 0", "time_unix_nano == 10", "start_time_unix_nano == 5", "UnixNano(time) > 5", 'attributes["k"] == "text"', 'attributes["k"] == 42', 'metric.name == "SELECT"',
        'metric.type == METRIC_DATA_TYPE_GAUGE and value_int == 42', "Len(exemplars) == 1", "Len(quantile_values) == 1", 
        "time == start_time", 'datapoint.attributes["k2"] != nil', "metric.is_monotonic == true", "true",
        "value_int == 4 or value_double == 4.0",
    ],
    ("logs", "resource"): ['attributes["env"] == "dev"', 'IsMatch(attributes["k"], "e")'],
    ("logs", "log_record"): [
        'body == "text"', "body == nil", "body == 42", "body != nil", "body > 4", 'body["a"] == "x"', "body[0] == \"a\"", 'body.string == "42"', 'body.string == ""', 'IsMatch(body, "e")', 'IsMatch(body.string, "4")', "IsString(body)",
        "IsMap(body)", "IsList(body)", "IsEmpty(body)", "Len(body) == 2", 'body["a"]["b"][0] == "deep"', "severity_number >= SEVERITY_NUMBER_WARN", "severity_number == SEVERITY_NUMBER_INFO2", "severity_number < 9",
        "severity_number == SEVERITY_NUMBER_UNSPECIFIED", "severity_number == SEVERITY_NUMBER_FATAL4", 'severity_text == "INFO"', 'ToLowerCase(severity_text) == "info"', "time_unix_nano == 0", "observed_time_unix_nano == 0", "UnixNano(time) > 0",
        "UnixNano(observed_time) > UnixNano(time)", "trace_id == nil", "trace_id == TraceID(0x00000000000000000000000000000000)", 'trace_id.string == ""', 'span_id.string == ""', 'IsMatch(trace_id.string, "^[89a-f]")', "flags == 1",
        'event_name == "login"', "dropped_attributes_count == 1", 'log.body == "text"', 'log.attributes["k"] == "text"', "IsEmpty(trace_id)", "IsEmpty(severity_text)", 'attributes["k"] == body', 'scope.version == "1.0"', "attributes == {}",
        "Len(trace_id.string) == 32", "Len(body.string) == 4", 'body == ["a", "b"]', 'body == {"a": "x", "b": 1}', "severity_number != SEVERITY_NUMBER_ERROR and severity_text != nil",
    ],
}

_FLAT_CONDITIONS = {
    "trace_conditions": ['span.name == "SELECT"', 'resource.attributes["env"] == "prod"', 'spanevent.name == "exception"', 'spanevent.name == "" and span.kind == SPAN_KIND_SERVER', 'scope.name == "shop"'],
    "metric_conditions": ['metric.name == "SELECT"', 'datapoint.attributes["k"] == "text"', 'datapoint.value_int == 4 and metric.unit == "By"', 'scope.name == "db"'],
    "log_conditions": ['log.severity_number < SEVERITY_NUMBER_WARN', 'log.attributes["k"] == 42 and resource.attributes["k"] != nil', 'resource.attributes["env"] == "dev"'],
}


def _ottl_cases():
    item = {"traces": "span", "metrics": "datapoint", "logs": "log_record"}
    for number, condition in enumerate([*_value_conditions(), *_function_conditions()]):
        family = "integers" if condition.startswith("Int(") else "ottl"
        for signal in SIGNALS if number % 10 == 0 else (SIGNALS[number % 3],):
            yield Case(family, f"{signal}-{condition}", (signal,), "filter", {"error_mode": "ignore", signal: {item[signal]: [condition]}})
    for (signal, context), conditions in _CONTEXT_CONDITIONS.items():
        for condition in conditions:
            yield Case("ottl", f"{signal}-{context}-{condition}", (signal,), "filter", {"error_mode": "ignore", signal: {context: [condition]}})
    for key, conditions in _FLAT_CONDITIONS.items():
        signal = key.split("_")[0] + "s"
        for condition in [*([one] for one in conditions), conditions]:
            yield Case("ottl", f"{key}-{condition}", (signal,), "filter", {key: condition})
        groups = [{"error_mode": "silent", "conditions": conditions[:1]}, {"conditions": conditions[1:2]}]
        yield Case("ottl", f"{key}-groups", (signal,), "filter", {key: groups})
    several = {"traces": {"span": ['name == "SELECT"', 'attributes["k"] > 1'], "spanevent": ['name == "exception"']},
               "metrics": {"metric": ['name == "SELECT"'], "datapoint": ['attributes["k"] == "text"', "value_int == 4"]},
               "logs": {"resource": ['attributes["env"] == "prod"'], "log_record": ['attributes["k"] + 1 == 43', 'body == "text"']}}
    yield Case("ottl", "several", SIGNALS, "filter", several)


# --- probabilistic_sampler ------------------------------------------------------------------------------------------


def _sampler_cases():
    for mode in (None, "hash_seed", "equalizing", "proportional"):
        for percentage in (0, 0.01, 1, 12.5, 33.3, 50, 99, 100, 150):
            section = {"sampling_percentage": percentage, **({"mode": mode} if mode else {})}
            # At 0 the Collector replaces a malformed trace state of a span that a priority keeps; ours lets it alone.
            yield Case("sampler", f"{mode}-{percentage}", ("traces", "logs") if percentage else ("logs",), "probabilistic_sampler", section)
        base = {"sampling_percentage": 40, **({"mode": mode} if mode else {})}
        for more in ({"hash_seed": 22}, {"hash_seed": 4294967295}, {"fail_closed": False}, {"sampling_precision": 1}, {"sampling_precision": 14}, {"sampling_precision": 6, "fail_closed": False, "hash_seed": 5}):
            yield Case("sampler", f"{mode}-{more}", ("traces", "logs"), "probabilistic_sampler", {**base, **more})
        for more in ({"attribute_source": "record", "from_attribute": "k"}, {"from_attribute": "k"}, {"from_attribute": "k", "fail_closed": False}, {"sampling_priority": "k"}, {"sampling_priority": "k", "fail_closed": False},
                     {"sampling_priority": "sampling.priority", "from_attribute": "k2", "attribute_source": "record", "hash_seed": 3}):
            yield Case("sampler", f"logs-{mode}-{more}", ("logs",), "probabilistic_sampler", {**base, **more})
    yield Case("sampler", "seeded-percentage-from-env-of-other", ("traces",), "probabilistic_sampler", {"sampling_percentage": 5, "hash_seed": 1})


CASES = [*_action_cases(), *_match_cases(), *_older_filter_cases(), *_ottl_cases(), *_sampler_cases()]
