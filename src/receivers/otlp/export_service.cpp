#include "receivers/otlp/export_service.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/compress.h"
#include "base/text.h"
#include "net/grpc.h"
#include "otlp/count.h"
#include "otlp/json_read.h"
#include "otlp/rewrite.h"
#include "otlp/validate.h"

namespace vigia::receivers {

namespace {

constexpr std::array<std::string_view, 3> grpc_paths = {"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                                                        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                                                        "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};
constexpr int64_t memory_retry_ms = 1000;

// Who sends, by the port's authenticator.
Result<std::string> customer_of(const net::RequestHead& head, const pipeline::ServerAuthenticator* authenticator) {
  if (!authenticator) return std::string();
  return authenticator->authenticate([&](std::string_view name) { return head.headers.get(name); });
}

// Its name may be written in any case (RFC 9110, 8.4.1).
std::optional<Compression> content_coding(const net::RequestHead& head) {
  return compression_by_name(to_lower(head.headers.get("content-encoding")));
}

Status memory_refusal() {
  return resource_exhausted("data refused due to high memory usage; send it again later").retryable_after_ms(memory_retry_ms);
}

}  // namespace

ExportService::ExportService(const pipeline::Context& context, const OtlpReceiverConfig& config, const pipeline::Outputs& outputs)
    : context_(context),
      config_(config),
      outputs_(outputs),
      grpc_telemetry_(context.metrics, context.id, "grpc"),
      http_telemetry_(context.metrics, context.id, "http"),
      grpc_refusals_(context, "grpc"),
      http_refusals_(context, "http"),
      repaired_strings_(context.metrics.counter("vigia_receiver_repaired_strings",
                                                "Strings that were not UTF-8 and got U+FFFD in the place of what was wrong.",
                                                {{"receiver", context.id.to_string()}})) {}

void ExportService::wait_until_idle(Function<void()> idle) {
  idle_ = std::move(idle);
  if (under_way_.fetch_sub(1) == 1) idle_();
}

std::optional<otlp::Signal> ExportService::signal_of(const net::RequestHead& head, bool is_grpc) const {
  const std::array<std::string_view, 3> http_paths = {config_.traces_path, config_.metrics_path, config_.logs_path};
  for (otlp::Signal signal : otlp::all_signals) {
    auto index = static_cast<size_t>(signal);
    if (head.path == (is_grpc ? grpc_paths[index] : http_paths[index]) && outputs_.of(signal)) return signal;
  }
  return std::nullopt;
}

Status ExportService::check_http_head(const net::RequestHead& head, int& http_status) const {
  std::string_view type = head.headers.get("content-type");
  std::string_view encoding = head.headers.get("content-encoding");
  std::optional<Compression> compression = content_coding(head);
  const std::vector<Compression>* accepted = config_.http ? &config_.http->compression_algorithms : nullptr;
  if (signal_of(head, true)) {
    http_status = 415;
    return invalid_argument("415 unsupported media type: a gRPC method takes application/grpc over HTTP/2");
  }
  if (!signal_of(head, false)) {
    http_status = 404;
    return not_found(fmt::format("there is nothing at {}; OTLP is at {}, {} and {}", head.path, config_.traces_path, config_.metrics_path,
                                 config_.logs_path));
  }
  if (head.method != "POST") {
    http_status = 405;
    return unimplemented("405 method not allowed, supported: [POST]");
  }
  if (!net::is_media_type(type, "application/x-protobuf") && !net::is_media_type(type, "application/json")) {
    http_status = 415;
    return invalid_argument("415 unsupported media type, supported: [application/json, application/x-protobuf]");
  }
  bool is_accepted = compression && (*compression == Compression::none || !accepted ||
                                     std::find(accepted->begin(), accepted->end(), *compression) != accepted->end());
  if (!is_accepted) {
    http_status = 400;
    return invalid_argument(fmt::format("unsupported Content-Encoding: {}", encoding));
  }
  return {};
}

std::optional<net::Response> ExportService::refuse_head(const net::RequestHead& head, bool is_grpc,
                                                        const pipeline::ServerAuthenticator* authenticator) {
  Dialect dialect = dialect_of(head);
  if (is_grpc) {
    if (!signal_of(head, true)) return error_response(dialect, unimplemented(fmt::format("unknown method {}", head.path)), context_.ledger);
  } else {
    if (head.method == "OPTIONS" && config_.http && config_.http->cors.allows_origin(head.headers.get("origin")))
      return preflight_response(head);
    int http_status = 0;
    if (Status status = check_http_head(head, http_status); !status.is_ok()) {
      net::Response response = error_response(dialect, status, context_.ledger, http_status);
      if (http_status == 405) response.headers.add("allow", "POST");
      return response;
    }
  }
  if (auto customer = customer_of(head, authenticator); !customer.is_ok())
    return error_response(dialect, customer.status(), context_.ledger);
  if (!context_.ledger.is_over_limit()) return std::nullopt;
  refusals(dialect).for_memory(head.peer_address);
  return error_response(dialect, memory_refusal(), context_.ledger);
}

net::BodyPlan ExportService::plan(const net::RequestHead& head, const pipeline::ServerAuthenticator* authenticator) {
  net::BodyPlan plan;
  plan.is_grpc = net::is_grpc_request(head);
  plan.max_size_bytes = plan.is_grpc ? (config_.grpc ? config_.grpc->max_message_bytes : size_t{4} << 20)
                                     : (config_.http ? config_.http->max_body_bytes : size_t{20} << 20);
  plan.refusal = refuse_head(head, plan.is_grpc, authenticator);
  if (plan.refusal) add_common_headers(head, *plan.refusal);
  return plan;
}

std::optional<net::Response> ExportService::refuse_growth(const net::RequestHead& head, size_t more_bytes) {
  if (!context_.ledger.would_exceed(static_cast<int64_t>(more_bytes))) return std::nullopt;
  refusals(dialect_of(head)).for_memory(head.peer_address);
  net::Response response = error_response(dialect_of(head), memory_refusal(), context_.ledger);
  add_common_headers(head, response);
  return response;
}

net::Response ExportService::refusal(const net::RequestHead& head, int http_status, std::string_view reason) {
  auto code = http_status == 413 || http_status == 431 ? StatusCode::resource_exhausted
              : http_status == 503                     ? StatusCode::unavailable
                                                       : StatusCode::invalid_argument;
  net::Response response = error_response(dialect_of(head), Status(code, std::string(reason)), context_.ledger, http_status);
  add_common_headers(head, response);
  return response;
}

net::Response ExportService::preflight_response(const net::RequestHead& head) const {
  const pipeline::CorsConfig& cors = config_.http->cors;
  net::Response response;
  response.status = 204;
  response.headers.add("access-control-allow-methods", "POST");
  std::string_view asked = head.headers.get("access-control-request-headers");
  std::string allowed = "content-type, content-encoding";
  for (const std::string& header : cors.allowed_headers) allowed += ", " + header;
  bool allows_all = std::find(cors.allowed_headers.begin(), cors.allowed_headers.end(), "*") != cors.allowed_headers.end();
  response.headers.add("access-control-allow-headers", allows_all && !asked.empty() ? asked : std::string_view(allowed));
  if (cors.max_age_s > 0) response.headers.add("access-control-max-age", std::to_string(cors.max_age_s));
  return response;
}

void ExportService::add_common_headers(const net::RequestHead& head, net::Response& response) const {
  if (!config_.http || net::is_grpc_request(head)) return;
  std::string_view origin = head.headers.get("origin");
  if (!origin.empty() && config_.http->cors.allows_origin(origin)) {
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("vary", "Origin");
  }
  for (const auto& [name, value] : config_.http->response_headers) response.headers.set(name, value);
}

void ExportService::serve(net::Request request, std::unique_ptr<net::Responder> responder,
                          const pipeline::ServerAuthenticator* authenticator) {
  bool is_grpc = net::is_grpc_request(request.head);
  Exchange exchange;
  exchange.signal = signal_of(request.head, is_grpc).value_or(otlp::Signal::traces);
  exchange.dialect = dialect_of(request.head);
  exchange.responder = std::move(responder);
  exchange.head = std::move(request.head);
  under_way_++;
  // Asked again, because plan() keeps nothing; a credential may have been withdrawn while the body came.
  auto customer = customer_of(exchange.head, authenticator);
  if (!customer.is_ok()) {
    answer(exchange, error_response(exchange.dialect, customer.status(), context_.ledger));
    return;
  }
  exchange.customer = std::move(*customer);
  size_t size = request.body.size();
  context_.loops.run_where_free(size, [self = shared_from_this(), exchange = std::move(exchange),
                                       body = std::move(request.body)]() mutable { self->work(std::move(exchange), std::move(body)); });
}

void ExportService::work(Exchange exchange, Slice body) {
  auto content = read(exchange, std::move(body));
  if (!content.is_ok()) {
    telemetry(exchange.dialect).failed.add(exchange.signal, 1);
    answer(exchange, error_response(exchange.dialect, content.status(), context_.ledger));
    return;
  }
  size_t items = content->item_count;
  if (items == 0) {
    answer(exchange, accepted_response(exchange.dialect, exchange.signal, content->partial, context_.ledger));
    return;
  }
  pipeline::Batch batch;
  batch.signal = exchange.signal;
  batch.item_count = items;
  batch.client = client_of(exchange);
  batch.payload.append(std::move(content->request));
  batch.packed = std::move(content->packed);
  pipeline::Consumer& output = *outputs_.of(exchange.signal);
  output.consume(std::move(batch), [self = shared_from_this(), exchange = std::move(exchange), items,
                                    partial = std::move(content->partial)](Status status) mutable {
    const pipeline::ReceiverTelemetry& counters = self->telemetry(exchange.dialect);
    (status.is_ok() ? counters.accepted : counters.refused).add(exchange.signal, items);
    if (status.is_ok())
      self->accept(std::move(exchange), partial);
    else
      self->answer(exchange, error_response(exchange.dialect, outside_view(std::move(status)), self->context_.ledger));
  });
}

// How long to keep a sender waiting for its OK. Late answers slow eager senders down before anything has to be refused: a sender
// that waits for answers sends no faster than they come. Nobody waits long, so a backlog that is there because the backend is
// away costs senders next to nothing.
int64_t ExportService::answer_delay_ms() const {
  constexpr int64_t free_backlog_bytes = 16 << 20;
  constexpr int64_t bytes_per_ms = 1 << 20;
  constexpr int64_t most_ms = 100;
  return std::clamp<int64_t>((context_.ledger.backlog_bytes() - free_backlog_bytes) / bytes_per_ms, 0, most_ms);
}

void ExportService::accept(Exchange exchange, const otlp::PartialSuccess& partial) {
  net::Response response = accepted_response(exchange.dialect, exchange.signal, partial, context_.ledger);
  int64_t delay_ms = answer_delay_ms();
  if (delay_ms == 0) {
    answer(exchange, std::move(response));
    return;
  }
  net::EventLoop& loop = exchange.responder->loop();
  loop.dispatch([self = shared_from_this(), &loop, delay_ms, exchange = std::move(exchange), response = std::move(response)]() mutable {
    loop.run_after_ms(delay_ms, [self, exchange = std::move(exchange), response = std::move(response)]() mutable {
      self->answer(exchange, std::move(response));
    });
  });
}

Result<Slice> ExportService::plain_body(const Exchange& exchange, Slice body, std::shared_ptr<const pipeline::Packed>& packed) const {
  Compression compression = Compression::none;
  size_t limit = 0;
  if (exchange.dialect == Dialect::grpc) {
    ASSIGN_OR_RETURN(net::GrpcMessage message, net::read_grpc_message(exchange.head, body));
    compression = message.compression;
    limit = config_.grpc ? config_.grpc->max_message_bytes : size_t{4} << 20;
    body = std::move(message.content);
  } else {
    compression = content_coding(exchange.head).value_or(Compression::none);
    limit = config_.http ? config_.http->max_body_bytes : size_t{20} << 20;
  }
  if (compression == Compression::none) return body;
  ASSIGN_OR_RETURN(Slice plain, decompress(compression, body.view(), limit, context_.ledger));
  packed = std::make_shared<const pipeline::Packed>(pipeline::Packed{compression, std::move(body)});
  return plain;
}

Result<ExportService::Content> ExportService::read(const Exchange& exchange, Slice body) {
  std::shared_ptr<const pipeline::Packed> packed;
  ASSIGN_OR_RETURN(Slice plain, plain_body(exchange, std::move(body), packed));
  Content content;
  size_t repaired = 0;
  if (exchange.dialect == Dialect::http_json) {
    ASSIGN_OR_RETURN(otlp::JsonRequest converted, otlp::read_json(exchange.signal, plain.view(), context_.ledger));
    plain = std::move(converted.request);
    repaired = converted.repaired_count;
  }
  ASSIGN_OR_RETURN(otlp::Checked checked, otlp::validate(exchange.signal, plain, context_.ledger));
  repaired += checked.repaired_strings;
  if (repaired > 0) repaired_strings_.add(repaired);
  content.request = std::move(checked.body);
  content.item_count = checked.item_count;
  if (!config_.required_resource_attribute.empty()) refuse_foreign(exchange, content);
  bool is_as_it_came = exchange.dialect != Dialect::http_json && repaired == 0 && content.partial.rejected_items == 0;
  if (is_as_it_came) content.packed = std::move(packed);
  return content;
}

// Leaves out what lacks the required attribute, and tells the sender so.
void ExportService::refuse_foreign(const Exchange& exchange, Content& content) {
  const std::string& key = config_.required_resource_attribute;
  content.request = otlp::filter_messages(content.request, otlp::Level::resource_group, [&](const otlp::Place& place, std::string_view) {
    auto value = place.group.resource().attributes().find(key);
    return value && !value->string().empty();
  });
  size_t kept = content.request.empty() ? 0 : otlp::count_items(exchange.signal, content.request.view());
  content.partial.rejected_items = content.item_count - kept;
  content.item_count = kept;
  if (content.partial.rejected_items == 0) return;
  telemetry(exchange.dialect).refused.add(exchange.signal, content.partial.rejected_items);
  refusals(exchange.dialect).for_attribute(key, content.partial.rejected_items, exchange.head.peer_address);
  content.partial.message = fmt::format("{} {} refused: the resource attribute \"{}\" is missing", content.partial.rejected_items,
                                        otlp::item_name(exchange.signal), key);
}

std::shared_ptr<const pipeline::Client> ExportService::client_of(const Exchange& exchange) const {
  auto client = std::make_shared<pipeline::Client>();
  client->peer_address = exchange.head.peer_address;
  client->customer = exchange.customer;
  bool wants_metadata =
      exchange.dialect == Dialect::grpc ? config_.grpc && config_.grpc->include_metadata : config_.http && config_.http->include_metadata;
  if (wants_metadata) client->metadata = exchange.head.headers.fields();
  return client;
}

void ExportService::answer(Exchange& exchange, net::Response response) {
  add_common_headers(exchange.head, response);
  exchange.responder->respond(std::move(response));
  exchange.responder.reset();
  if (under_way_.fetch_sub(1) == 1) idle_();
}

}  // namespace vigia::receivers
