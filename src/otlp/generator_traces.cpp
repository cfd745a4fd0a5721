#include <algorithm>
#include <array>

#include "otlp/generator_internal.h"

namespace vigia::otlp {

namespace {

// Field numbers of Span.
constexpr uint32_t name_field = 5;
constexpr uint32_t kind_field = 6;
constexpr uint32_t attributes_field = 9;
constexpr uint32_t events_field = 11;
constexpr uint32_t links_field = 13;
constexpr uint32_t status_field = 15;

constexpr uint64_t kind_server = 2;
constexpr uint64_t kind_client = 3;
constexpr uint64_t kind_producer = 4;
constexpr uint64_t kind_consumer = 5;

constexpr size_t mean_trace_size = 8;
constexpr size_t most_spans_in_trace = 60;
constexpr std::array<std::string_view, 6> topics = {"orders", "payments", "stock-changes", "parcels", "reviews", "mails"};
constexpr std::array<uint64_t, 4> server_errors = {500, 502, 503, 504};

struct SpanNode {
  uint64_t id;
  uint64_t parent_id;  // 0 for the root
  uint64_t start_ns;
  uint64_t duration_ns;
  size_t service;
};

struct Trace {
  std::array<uint64_t, 2> id;
  std::string user;
};

// Everything about an operation that never changes, encoded once.
struct HttpTemplate {
  std::string name;
  std::string method;
  std::string route;
};

class TraceSource : public Generator::Source {
 public:
  explicit TraceSource(const DataSetOptions& options);
  void next_request(Appender& out) override;

 private:
  // Spans of one instance that wait to be sent.
  struct Pending {
    std::string spans;
    std::vector<size_t> ends;
  };

  void build_templates();
  void append_group(Appender& out, size_t size);
  void generate_trace();
  SpanNode child_of(const SpanNode& parent);
  void emit(const Trace& trace, const SpanNode& node);
  void add_http(const SpanNode& node, bool is_server, bool is_error);
  void add_database(const SpanNode& node);
  void add_messaging(const SpanNode& node, bool is_producer);
  void add_extras(const SpanNode& node, bool is_error);
  void add_event(const SpanNode& node, bool is_error);
  void add_made_up_attributes();
  // Adds an attribute unless the span has its number already.
  bool wants_attribute() { return attribute_count_++ < options_.attributes_per_span; }
  void text(std::string_view key, std::string_view value) {
    if (wants_attribute()) append_attribute(span_, attributes_field, key, value);
  }
  void number(std::string_view key, uint64_t value) {
    if (wants_attribute()) append_int_attribute(span_, attributes_field, key, static_cast<int64_t>(value));
  }
  void ready(const std::string& encoded) {
    if (wants_attribute()) span_ += encoded;
  }

  DataSetOptions options_;
  Dice dice_;
  Shop shop_;
  std::vector<size_t> group_sizes_;
  std::vector<HttpTemplate> http_;        // of service s and operation o
  std::vector<std::string> user_agents_;  // encoded attributes
  std::vector<std::string> client_addresses_;
  std::vector<std::string> statements_;
  std::vector<Pending> pending_;  // of each instance
  size_t oldest_full_ = 0;        // where the search for a full one begins
  uint64_t now_ns_;
  uint64_t trace_gap_ns_;  // between the roots of two traces, in the mean
  std::vector<SpanNode> nodes_;
  std::string span_;
  size_t attribute_count_ = 0;
};

TraceSource::TraceSource(const DataSetOptions& options)
    : options_(options),
      dice_(mixed(options.seed, 2)),
      shop_(build_shop(options)),
      group_sizes_(group_sizes(options)),
      pending_(shop_.instances.size()),
      now_ns_(options.start_time_ns),
      trace_gap_ns_(1'000'000'000 * mean_trace_size / options.items_per_second) {
  build_templates();
}

void TraceSource::build_templates() {
  for (const Service& service : shop_.services) {
    for (const Operation& operation : service.operations) {
      HttpTemplate encoded;
      append_bytes_field(encoded.name, name_field, operation.name);
      encoded.method = attribute(attributes_field, "http.request.method", operation.method);
      encoded.route = attribute(attributes_field, "http.route", operation.route);
      http_.push_back(std::move(encoded));
    }
  }
  for (const std::string& agent : shop_.user_agents) user_agents_.push_back(attribute(attributes_field, "user_agent.original", agent));
  for (const std::string& address : shop_.addresses) client_addresses_.push_back(attribute(attributes_field, "client.address", address));
  for (const std::string& statement : shop_.statements) statements_.push_back(attribute(attributes_field, "db.query.text", statement));
}

void TraceSource::next_request(Appender& out) {
  for (size_t size : group_sizes_) append_group(out, size);
}

void TraceSource::append_group(Appender& out, size_t size) {
  for (;;) {
    for (size_t i = 0; i < pending_.size(); i++) {
      size_t at = (oldest_full_ + i) % pending_.size();
      Pending& pending = pending_[at];
      if (pending.ends.size() < size) continue;
      oldest_full_ = at + 1;
      size_t end = pending.ends[size - 1];
      append_resource_group(out, shop_.instances[at], "io.opentelemetry.http", std::string_view(pending.spans).substr(0, end));
      pending.spans.erase(0, end);
      pending.ends.erase(pending.ends.begin(), pending.ends.begin() + static_cast<ptrdiff_t>(size));
      for (size_t& later : pending.ends) later -= end;
      return;
    }
    // Until some instance has enough: a few traces at a time, so that the search above costs little.
    for (size_t i = 0; i < std::max<size_t>(1, size / mean_trace_size); i++) generate_trace();
  }
}

void TraceSource::generate_trace() {
  now_ns_ += dice_.spread(trace_gap_ns_);
  Trace trace;
  trace.id[0] = dice_.bits();
  trace.id[1] = dice_.bits() | 1;
  trace.user = "user-" + std::to_string(dice_.skewed(500'000));
  size_t size = std::min<size_t>(1 + dice_.spread(mean_trace_size), most_spans_in_trace);
  nodes_.clear();
  SpanNode root{dice_.bits() | 1, 0, now_ns_, 1'000'000 + dice_.spread(60'000'000), 0};
  root.service = dice_.below(std::min<size_t>(2, shop_.services.size()));
  nodes_.push_back(root);
  while (nodes_.size() < size) {
    size_t back = std::min<size_t>(dice_.spread(3), nodes_.size() - 1);
    SpanNode child = child_of(nodes_[nodes_.size() - 1 - back]);
    nodes_.push_back(child);
  }
  for (const SpanNode& node : nodes_) emit(trace, node);
}

SpanNode TraceSource::child_of(const SpanNode& parent) {
  SpanNode child{dice_.bits() | 1, parent.id, 0, 0, parent.service};
  uint64_t room = parent.duration_ns;
  uint64_t delay = dice_.below(room / 2 + 1);
  child.start_ns = parent.start_ns + delay;
  child.duration_ns = 1'000 + dice_.below((room - delay) * 9 / 10 + 1);
  // Two of three spans are another service's, one of the few that a service calls.
  if (!dice_.one_in(3)) child.service = (parent.service * 3 + 1 + dice_.skewed(8)) % shop_.services.size();
  return child;
}

void TraceSource::emit(const Trace& trace, const SpanNode& node) {
  span_.clear();
  attribute_count_ = 0;
  append_bytes_field(span_, 1, {reinterpret_cast<const char*>(trace.id.data()), 16});
  append_bytes_field(span_, 2, {reinterpret_cast<const char*>(&node.id), 8});
  if (dice_.one_in(30)) append_bytes_field(span_, 3, "shop=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  if (node.parent_id != 0) append_bytes_field(span_, 4, {reinterpret_cast<const char*>(&node.parent_id), 8});

  bool is_error = dice_.with_fraction(options_.error_fraction);
  uint64_t sort = node.parent_id == 0 ? 0 : dice_.below(20);
  if (sort < 12) {
    add_http(node, sort < 8, is_error);
  } else if (sort < 18) {
    add_database(node);
  } else {
    add_messaging(node, sort == 18);
  }
  text("enduser.id", trace.user);
  add_extras(node, is_error);

  Pending& pending = pending_[node.service * options_.instances + dice_.below(options_.instances)];
  append_bytes_field(pending.spans, 2, span_);
  pending.ends.push_back(pending.spans.size());
}

void append_times(std::string& span, const SpanNode& node) {
  append_fixed64_field(span, 7, node.start_ns);
  append_fixed64_field(span, 8, node.start_ns + node.duration_ns);
}

void TraceSource::add_http(const SpanNode& node, bool is_server, bool is_error) {
  const Service& service = shop_.services[node.service];
  size_t choice = std::min<size_t>(dice_.skewed(service.operations.size()), service.operations.size() - 1);
  const Operation& operation = service.operations[choice];
  const HttpTemplate& encoded = http_[node.service * service.operations.size() + choice];
  uint64_t status = is_error ? server_errors[dice_.below(4)] : dice_.one_in(25) ? 404 : operation.method == "POST" ? 201 : 200;
  span_ += encoded.name;
  append_varint_field(span_, kind_field, is_server ? kind_server : kind_client);
  append_times(span_, node);
  ready(encoded.method);
  std::string path = operation.prefix;
  if (operation.has_id) path += Digits(dice_.skewed(5'000'000)).view();
  if (is_server) {
    text("url.path", path);
    ready(client_addresses_[dice_.skewed(client_addresses_.size())]);
  } else {
    text("url.full", "http://" + service.name + ".shop.svc:8080" + path);
    text("server.address", service.name + ".shop.svc");
  }
  ready(encoded.route);
  number("http.response.status_code", status);
  ready(user_agents_[dice_.skewed(user_agents_.size())]);
  number("network.peer.port", 32'768 + dice_.below(28'000));
  number("http.response.body.size", dice_.spread(4'000));
  number("thread.id", 1 + dice_.below(200));
}

void TraceSource::add_database(const SpanNode& node) {
  size_t statement = dice_.skewed(statements_.size());
  bool is_select = statement % 2 == 0;
  append_bytes_field(span_, name_field, is_select ? "SELECT shop" : "UPDATE shop");
  append_varint_field(span_, kind_field, kind_client);
  append_times(span_, node);
  text("db.system.name", "postgresql");
  text("db.namespace", "shop");
  ready(statements_[statement]);
  text("db.operation.name", is_select ? "SELECT" : "UPDATE");
  text("server.address", node.service % 2 == 0 ? "pg-0.db.internal" : "pg-1.db.internal");
  number("server.port", 5432);
  number("db.response.returned_rows", dice_.spread(20));
  number("thread.id", 1 + dice_.below(200));
  text("thread.name", std::string("worker-").append(Digits(dice_.below(64)).view()));
}

void TraceSource::add_messaging(const SpanNode& node, bool is_producer) {
  std::string_view topic = topics[dice_.skewed(topics.size())];
  append_bytes_field(span_, name_field, std::string(is_producer ? "send " : "process ").append(topic));
  append_varint_field(span_, kind_field, is_producer ? kind_producer : kind_consumer);
  append_times(span_, node);
  text("messaging.system", "kafka");
  text("messaging.destination.name", topic);
  text("messaging.operation.type", is_producer ? "send" : "process");
  number("messaging.kafka.partition", dice_.below(12));
  number("messaging.kafka.offset", 1'000'000'000 + dice_.below(1'000'000'000));
  number("messaging.message.body.size", dice_.spread(900));
  if (wants_attribute()) append_bool_attribute(span_, attributes_field, "shop.retried", dice_.one_in(10));
  if (wants_attribute()) append_double_attribute(span_, attributes_field, "shop.priority", static_cast<double>(dice_.below(1'000)) / 8);
  if (wants_attribute()) append_list_attribute(span_, attributes_field, "shop.tags", {"batch", is_producer ? "out" : "in"});
}

void TraceSource::add_extras(const SpanNode& node, bool is_error) {
  add_made_up_attributes();
  if (is_error || dice_.one_in(20)) add_event(node, is_error);
  if (dice_.one_in(50)) {
    std::string link;
    const std::array<uint64_t, 2> linked = {dice_.bits(), dice_.bits() | 1};
    append_bytes_field(link, 1, {reinterpret_cast<const char*>(linked.data()), 16});
    append_bytes_field(link, 2, {reinterpret_cast<const char*>(linked.data() + 1), 8});
    append_bytes_field(span_, links_field, link);
  }
  if (is_error) {
    std::string status;
    append_bytes_field(status, 2, "upstream request failed");
    append_varint_field(status, 3, 2);
    append_bytes_field(span_, status_field, status);
  }
  append_fixed32_field(span_, 16, node.parent_id == 0 ? 0x101 : 0x301);
}

void TraceSource::add_event(const SpanNode& node, bool is_error) {
  std::string event;
  append_fixed64_field(event, 1, node.start_ns + node.duration_ns / 2);
  if (is_error) {
    append_bytes_field(event, 2, "exception");
    append_attribute(event, 3, "exception.type", "java.net.SocketTimeoutException");
    append_attribute(event, 3, "exception.message", "no answer within 3000 ms");
  } else {
    append_bytes_field(event, 2, "cache.miss");
    append_attribute(event, 3, "cache.key", std::string("user:").append(Digits(dice_.skewed(500'000)).view()));
  }
  append_bytes_field(span_, events_field, event);
}

// Values repeat: one of a thousand for each key.
void TraceSource::add_made_up_attributes() {
  while (attribute_count_ < options_.attributes_per_span) {
    std::string key = std::string("shop.detail.").append(Digits(attribute_count_).view());
    uint64_t content = mixed(attribute_count_, dice_.skewed(1'000));
    std::string value(options_.value_bytes, 'a');
    for (size_t i = 0; i < value.size(); i++) {
      value[i] = static_cast<char>('a' + (content >> (i % 12 * 5) & 31) % 26);
      if (i % 12 == 11) content = mixed(content);
    }
    text(key, value);
  }
}

}  // namespace

std::unique_ptr<Generator::Source> make_trace_source(const DataSetOptions& options) { return std::make_unique<TraceSource>(options); }

}  // namespace vigia::otlp
