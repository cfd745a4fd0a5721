#include "receivers/fluentforward/service.h"

#include "receivers/fluentforward/connection.h"

namespace vigia::receivers {

namespace {

Counter& counter(const pipeline::Context& context, std::string_view name, std::string_view help) {
  return context.metrics.counter(name, help, {{"receiver", context.id.to_string()}});
}

// What the server has of a connection: the data may live on without it.
class ConnectionHandler final : public net::StreamHandler {
 public:
  explicit ConnectionHandler(std::shared_ptr<ForwardConnection> connection) : connection_(std::move(connection)) {}
  ~ConnectionHandler() override { connection_->on_closed(); }

  bool receive(std::string_view bytes) override {
    connection_->receive(bytes);
    return true;
  }
  bool wants_input() const override { return connection_->wants_input(); }
  bool is_finished() const override { return connection_->is_finished(); }
  void begin_drain() override { connection_->begin_drain(); }
  bool check_time(int64_t now_ms) override { return connection_->check_time(now_ms); }

 private:
  std::shared_ptr<ForwardConnection> connection_;
};

}  // namespace

ForwardTelemetry::ForwardTelemetry(const pipeline::Context& context)
    : records(context.metrics, context.id, "tcp"),
      opened_connections(counter(context, "otelcol_fluent_opened_connections", "Connections opened.")),
      closed_connections(counter(context, "otelcol_fluent_closed_connections", "Connections closed.")),
      events_parsed(counter(context, "otelcol_fluent_events_parsed", "Messages that could be read.")),
      parse_failures(counter(context, "otelcol_fluent_parse_failures", "Messages that could not be read.")),
      records_generated(counter(context, "otelcol_fluent_records_generated", "Log records made of messages.")),
      repaired_strings(counter(context, "vigia_receiver_repaired_strings",
                               "Strings that were not UTF-8 and got U+FFFD in the place of what was wrong.")),
      retries(counter(context, "vigia_fluentforward_retries", "Times that the pipeline was asked again because it had no room.")),
      failed_handshakes(counter(context, "vigia_fluentforward_failed_handshakes", "Senders that did not know the key or a password.")),
      closed_for_memory(counter(context, "vigia_fluentforward_closed_for_memory",
                                "Connections closed because the memory limit left no room for the rest of their message.")) {}

std::unique_ptr<net::StreamHandler> ForwardService::open(net::StreamConnection& connection) {
  return std::make_unique<ConnectionHandler>(std::make_shared<ForwardConnection>(shared_from_this(), connection));
}

void ForwardService::wait_until_idle(Function<void()> idle) {
  idle_ = std::move(idle);
  is_stopping_.store(true, std::memory_order_relaxed);
  end_work();
}

}  // namespace vigia::receivers
