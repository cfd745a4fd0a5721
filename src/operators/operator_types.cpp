#include "operators/operator_types_internal.h"

namespace vigia::operators {

std::span<const OperatorType> operator_types() {
  static constexpr OperatorType types[] = {
      {"noop", decode_noop},
      {"json_parser", decode_json_parser},
      {"json_array_parser", decode_json_array_parser},
      {"regex_parser", decode_regex_parser},
      {"regex_replace", decode_regex_replace},
      {"key_value_parser", decode_key_value_parser},
      {"csv_parser", decode_csv_parser},
      {"container", decode_container},
      {"syslog_parser", decode_syslog_parser},
      {"uri_parser", decode_uri_parser},
      {"time_parser", decode_time_parser},
      {"severity_parser", decode_severity_parser},
      {"trace_parser", decode_trace_parser},
      {"scope_name_parser", decode_scope_name_parser},
      {"add", decode_add},
      {"copy", decode_copy},
      {"move", decode_move},
      {"remove", decode_remove},
      {"retain", decode_retain},
      {"flatten", decode_flatten},
      {"assign_keys", decode_assign_keys},
      {"unquote", decode_unquote},
      {"sanitize_utf8", decode_sanitize_utf8},
      {"router", decode_router},
      {"filter", decode_filter},
      {"recombine", decode_recombine},
  };
  return types;
}

}  // namespace vigia::operators
