#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "otlp/generator_internal.h"

namespace vigia::otlp {

namespace {

// Field numbers of LogRecord.
constexpr uint32_t body_field = 5;
constexpr uint32_t attributes_field = 6;

constexpr std::array<std::string_view, 6> loggers = {"shop.http.Access", "shop.cart.Store",     "shop.orders.Flow",
                                                     "shop.db.Pool",     "shop.kafka.Consumer", "shop.auth.Tokens"};
constexpr std::array<std::string_view, 6> events = {"order placed",       "cart updated",    "price recalculated",
                                                    "parcel handed over", "session renewed", "stock reserved"};

struct Severity {
  uint64_t number;
  std::string_view text;
};
constexpr Severity error = {17, "ERROR"};

Severity usual_severity(Dice& dice) {
  uint64_t sort = dice.below(100);
  if (sort < 5) return {13, "WARN"};
  if (sort < 15) return {5, "DEBUG"};
  if (sort < 17) return {1, "TRACE"};
  return {9, "INFO"};
}

class LogSource : public Generator::Source {
 public:
  explicit LogSource(const DataSetOptions& options)
      : options_(options),
        dice_(mixed(options.seed, 3)),
        shop_(build_shop(options)),
        group_sizes_(group_sizes(options)),
        now_ns_(options.start_time_ns) {}
  void next_request(Appender& out) override;

 private:
  void append_record(const Instance& instance);
  void append_body(const Service& service, Severity severity);
  std::string line(const Service& service, Severity severity);
  std::string access_line(const Operation& operation);
  std::string key_value_line(const Service& service, Severity severity);
  std::string json_line(const Service& service, Severity severity);
  std::string stack_trace();
  void append_structured_body();
  void append_attributes();
  void append_trace();
  std::string made_up_word(size_t length);

  DataSetOptions options_;
  Dice dice_;
  Shop shop_;
  std::vector<size_t> group_sizes_;
  uint64_t now_ns_;
  std::string records_;
  std::string record_;
};

void LogSource::next_request(Appender& out) {
  for (size_t size : group_sizes_) {
    const Instance& instance = shop_.instances[dice_.skewed(shop_.instances.size())];
    records_.clear();
    for (size_t i = 0; i < size; i++) append_record(instance);
    append_resource_group(out, instance, "io.opentelemetry.logs", records_);
  }
}

void LogSource::append_record(const Instance& instance) {
  const Service& service = shop_.services[instance.service];
  now_ns_ += dice_.spread(1'000'000'000 / options_.items_per_second);
  Severity severity = dice_.with_fraction(options_.error_fraction) ? error : usual_severity(dice_);
  record_.clear();
  append_fixed64_field(record_, 1, now_ns_);
  append_varint_field(record_, 2, severity.number);
  append_bytes_field(record_, 3, severity.text);
  append_body(service, severity);
  append_attributes();
  if (!dice_.one_in(3)) append_trace();
  append_fixed64_field(record_, 11, now_ns_ + 1'000'000 + dice_.spread(3'000'000));
  append_bytes_field(records_, 2, record_);
}

void LogSource::append_body(const Service& service, Severity severity) {
  if (dice_.one_in(20)) return append_structured_body();
  std::string text = line(service, severity);
  if (text.size() < options_.log_line_bytes) text += ' ' + made_up_word(options_.log_line_bytes - text.size() - 1);
  std::string body;
  append_bytes_field(body, 1, text);
  append_bytes_field(record_, body_field, body);
}

std::string LogSource::line(const Service& service, Severity severity) {
  if (severity.number == error.number && dice_.one_in(3)) return stack_trace();
  uint64_t sort = dice_.below(10);
  if (sort < 4) return access_line(service.operations[dice_.below(service.operations.size())]);
  return sort < 7 ? key_value_line(service, severity) : json_line(service, severity);
}

std::string LogSource::access_line(const Operation& operation) {
  uint64_t address = dice_.skewed(shop_.addresses.size());
  uint64_t item = dice_.skewed(5'000'000);
  uint64_t bytes = dice_.spread(4'000);
  uint64_t agent = dice_.skewed(shop_.user_agents.size());
  return fmt::format("{} - - \"{} {}{} HTTP/1.1\" {} {} \"-\" \"{}\"", shop_.addresses[address], operation.method, operation.prefix,
                     operation.has_id ? std::to_string(item) : "", item % 25 == 0 ? 404 : 200, bytes, shop_.user_agents[agent]);
}

std::string LogSource::key_value_line(const Service& service, Severity severity) {
  uint64_t event = dice_.skewed(events.size());
  uint64_t user = dice_.skewed(500'000);
  uint64_t micros = dice_.spread(30'000);
  return fmt::format("level={} service={} msg=\"{}\" user=user-{} order={} took={}us", severity.text, service.name, events[event], user,
                     mixed(user) % 10'000'000, micros);
}

std::string LogSource::json_line(const Service& service, Severity severity) {
  uint64_t event = dice_.skewed(events.size());
  uint64_t user = dice_.skewed(500'000);
  uint64_t amount = dice_.spread(4'000);
  return fmt::format(
      R"({{"level":"{}","service":"{}","message":"{}","user":{{"id":"user-{}","segment":{}}},"amount":{}.{:02},"retry":{}}})",
      severity.text, service.name, events[event], user, user % 7, amount / 100, amount % 100, amount % 10 == 0);
}

std::string LogSource::stack_trace() {
  std::string text = "java.lang.IllegalStateException: connection pool exhausted after 3000 ms";
  uint64_t depth = 4 + dice_.below(8);
  for (uint64_t i = 0; i < depth; i++) {
    uint64_t frame = dice_.skewed(400);
    text += fmt::format("\n\tat com.example.shop.{}.step{}(Flow.java:{})", frame % 2 == 0 ? "orders" : "cart", frame, 20 + frame);
  }
  return text;
}

// A body that is a map, as structured loggers send it.
void LogSource::append_structured_body() {
  std::string entries;
  append_attribute(entries, 1, "event", events[dice_.skewed(events.size())]);
  append_int_attribute(entries, 1, "attempt", static_cast<int64_t>(1 + dice_.below(3)));
  append_bool_attribute(entries, 1, "cached", dice_.one_in(2));
  append_double_attribute(entries, 1, "load", static_cast<double>(dice_.below(800)) / 100);
  append_list_attribute(entries, 1, "tags", {"shop", "audit"});
  std::string body;
  append_bytes_field(body, 6, entries);
  append_bytes_field(record_, body_field, body);
}

void LogSource::append_attributes() {
  append_attribute(record_, attributes_field, "log.logger", loggers[dice_.skewed(loggers.size())]);
  append_attribute(record_, attributes_field, "thread.name", std::string("worker-").append(Digits(dice_.below(64)).view()));
  append_int_attribute(record_, attributes_field, "thread.id", static_cast<int64_t>(1 + dice_.below(200)));
  append_attribute(record_, attributes_field, "enduser.id", std::string("user-").append(Digits(dice_.skewed(500'000)).view()));
}

void LogSource::append_trace() {
  const std::array<uint64_t, 3> ids = {dice_.bits(), dice_.bits() | 1, dice_.bits() | 1};
  append_fixed32_field(record_, 8, 1);
  append_bytes_field(record_, 9, {reinterpret_cast<const char*>(ids.data()), 16});
  append_bytes_field(record_, 10, {reinterpret_cast<const char*>(&ids[2]), 8});
}

std::string LogSource::made_up_word(size_t length) {
  std::string word(length, 'a');
  uint64_t content = dice_.bits();
  for (size_t i = 0; i < length; i++) {
    if (i % 12 == 11) content = mixed(content);
    word[i] = i % 8 == 7 ? ' ' : static_cast<char>('a' + (content >> (i % 12 * 5) & 31) % 26);
  }
  return word;
}

}  // namespace

std::unique_ptr<Generator::Source> make_log_source(const DataSetOptions& options) { return std::make_unique<LogSource>(options); }

}  // namespace vigia::otlp
