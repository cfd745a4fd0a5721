#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "operators/expression_parser_internal.h"

namespace vigia::operators {

NodePointer ExpressionParser::parse_primary() {
  const Token first = token();
  if (first.is("not") || first.is("!") || first.is("-") || first.is("+")) {
    advance();
    NodePointer operand = parse_expression(first.is("-") || first.is("+") ? 90 : 50);
    if (!error_.is_ok()) return nullptr;
    return parse_postfix(built(first, unary_node(first.source, std::move(operand))));
  }
  if (accept("(")) {
    NodePointer node = parse_sequence();
    if (!expect(")")) return nullptr;
    return parse_postfix(std::move(node));
  }
  if (predicate_depth_ > 0 && (first.is("#") || first.is("."))) return parse_postfix(parse_element());
  if (first.is("[")) return parse_postfix(parse_list());
  if (first.is("{")) return parse_postfix(parse_map());
  if (first.kind == TokenKind::number) return parse_number();
  if (first.kind == TokenKind::text) {
    advance();
    return parse_postfix(built(first, text_node(is_valid_utf8(first.text) ? first.text : repair_utf8(first.text))));
  }
  if (first.kind == TokenKind::name) return parse_name();
  return fail_at(first, unexpected());
}

NodePointer ExpressionParser::parse_number() {
  const Token number = token();
  advance();
  std::string digits;
  for (char c : number.source) {
    if (c != '_') digits += c;
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0')
    base = (digits[1] | 32) == 'x' ? 16 : (digits[1] | 32) == 'o' ? 8 : (digits[1] | 32) == 'b' ? 2 : 10;
  const char* begin = digits.data() + (base == 10 ? 0 : 2);
  const char* end = digits.data() + digits.size();
  if (base == 10 && digits.find_first_of(".eE") != std::string::npos) {
    double value;
    auto result = std::from_chars(begin, end, value);
    if (result.ec != std::errc() || result.ptr != end) return fail_at(number, "this number is none, or too large");
    return built(number, constant_node(Value::of_floating(value)));
  }
  int64_t value;
  auto result = std::from_chars(begin, end, value, base);
  if (result.ec != std::errc() || result.ptr != end) return fail_at(number, "this number is none, or too large");
  return built(number, constant_node(Value::of_integer(value)));
}

NodePointer ExpressionParser::parse_name() {
  const Token name = token();
  advance();
  if (name.source == "true" || name.source == "false") return built(name, constant_node(Value::of_boolean(name.source == "true")));
  if (name.source == "nil") return built(name, constant_node({}));
  if (token().is("(")) return parse_postfix(parse_call(name, nullptr));
  for (size_t i = variables_.size(); i-- > 0;) {
    if (variables_[i].first == name.source) return parse_postfix(built(name, variable_node(i, variables_[i].second)));
  }
  if (name.source == "body" || name.source == "$") return parse_postfix(built(name, entry_node(EntryPart::body)));
  if (name.source == "attributes") return parse_postfix(built(name, entry_node(EntryPart::attributes)));
  if (name.source == "resource") return parse_postfix(built(name, entry_node(EntryPart::resource)));
  if (name.source == "timestamp") return parse_postfix(built(name, entry_node(EntryPart::timestamp)));
  unknown_names_.emplace_back(name.source);
  return parse_postfix(built(name, constant_node({})));
}

// `.field` means `#.field`, so the dot stays for parse_postfix().
NodePointer ExpressionParser::parse_element() {
  const Token where = token();
  if (where.is(".")) return built(where, element_node());
  advance();
  if (token().kind != TokenKind::name) return built(where, element_node());
  const Token name = token();
  advance();
  if (name.source == "index") return built(where, element_index_node());
  if (name.source == "acc") return built(where, accumulator_node());
  return fail_at(name, fmt::format("there is no #{}; there are #, #index and #acc", name.source));
}

NodePointer ExpressionParser::parse_list() {
  const Token where = token();
  advance();
  std::vector<NodePointer> items;
  while (error_.is_ok() && !token().is("]")) {
    if (!items.empty() && (!expect(",") || token().is("]"))) break;
    items.push_back(parse_expression(0));
  }
  if (!error_.is_ok() || !expect("]")) return nullptr;
  return built(where, list_node(std::move(items)));
}

NodePointer ExpressionParser::parse_map() {
  const Token where = token();
  advance();
  std::vector<std::pair<NodePointer, NodePointer>> members;
  while (error_.is_ok() && !token().is("}")) {
    if (!members.empty() && (!expect(",") || token().is("}"))) break;
    const Token key_token = token();
    NodePointer key;
    if (key_token.kind == TokenKind::text || key_token.kind == TokenKind::name || key_token.kind == TokenKind::number) {
      advance();
      key = built(key_token, text_node(key_token.kind == TokenKind::text ? key_token.text : std::string(key_token.source)));
    } else if (key_token.is("(")) {
      key = parse_expression(0);
    } else {
      return fail_at(key_token, "a key of a map must be a text, a name, a number or an expression in parentheses");
    }
    if (!error_.is_ok() || !expect(":")) return nullptr;
    members.emplace_back(std::move(key), parse_expression(0));
  }
  if (!error_.is_ok() || !expect("}")) return nullptr;
  return built(where, map_node(std::move(members)));
}

// With `piped`, what stands before the | is the first argument.
NodePointer ExpressionParser::parse_call(const Token& name, NodePointer piped) {
  CallShape shape = call_shape_of(name.source);
  if (shape == CallShape::none) {
    std::string nearest = nearest_function(name.source);
    return fail_at(name, fmt::format("there is no function {}{}", name.source, nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  std::vector<NodePointer> arguments;
  if (piped) arguments.push_back(std::move(piped));
  if (!parse_arguments(arguments, shape == CallShape::predicate)) return nullptr;
  return built(name, shape == CallShape::predicate ? predicate_call_node(name.source, std::move(arguments))
                                                   : call_node(name.source, std::move(arguments)));
}

// The second argument of a function with a predicate is that.
bool ExpressionParser::parse_arguments(std::vector<NodePointer>& arguments, bool has_predicate) {
  if (!expect("(")) return false;
  bool is_first = true;
  while (error_.is_ok() && !token().is(")")) {
    if (!is_first && (!expect(",") || token().is(")"))) break;
    is_first = false;
    arguments.push_back(has_predicate && arguments.size() == 1 ? parse_predicate() : parse_expression(0));
  }
  return error_.is_ok() && expect(")");
}

NodePointer ExpressionParser::parse_predicate() {
  bool has_braces = accept("{");
  predicate_depth_++;
  NodePointer node = has_braces ? parse_sequence() : parse_expression(0);
  predicate_depth_--;
  if (has_braces && !expect("}")) return nullptr;
  return node;
}

// Members and indexes behind a value. Once there is a ?. in the row, the whole row is nil when that part is.
NodePointer ExpressionParser::parse_postfix(NodePointer node) {
  bool is_chain = false;
  while (error_.is_ok()) {
    bool is_optional = token().is("?.");
    if (is_optional || token().is(".")) {
      is_chain |= is_optional;
      advance();
      node = is_optional && token().is("[") ? parse_brackets(std::move(node), true) : parse_member(std::move(node), is_optional);
    } else if (token().is("[")) {
      node = parse_brackets(std::move(node), false);
    } else {
      break;
    }
  }
  if (!error_.is_ok()) return nullptr;
  return is_chain ? chain_node(std::move(node)) : std::move(node);
}

NodePointer ExpressionParser::parse_member(NodePointer node, bool is_optional) {
  const Token name = token();
  if (name.kind != TokenKind::name && name.kind != TokenKind::word) return fail_at(name, "expected a name behind the dot");
  advance();
  if (token().is("(")) return fail_at(name, fmt::format("methods such as {} are not in this build", name.source));
  return built(name, member_node(std::move(node), text_node(std::string(name.source)), is_optional));
}

NodePointer ExpressionParser::parse_brackets(NodePointer node, bool is_optional) {
  const Token where = token();
  advance();
  NodePointer from;
  if (!token().is(":")) from = parse_expression(0);
  if (!error_.is_ok()) return nullptr;
  if (!accept(":")) {
    if (!expect("]")) return nullptr;
    return built(where, member_node(std::move(node), std::move(from), is_optional));
  }
  NodePointer to;
  if (!token().is("]")) to = parse_expression(0);
  if (!error_.is_ok() || !expect("]")) return nullptr;
  return built(where, slice_node(std::move(node), std::move(from), std::move(to)));
}

}  // namespace vigia::operators
