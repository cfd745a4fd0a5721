#pragma once

// The OTLP export service: three gRPC methods and three HTTP paths, on every port of the receiver alike.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/http.h"
#include "pipeline/component.h"
#include "pipeline/telemetry.h"
#include "receivers/otlp/answers.h"
#include "receivers/otlp/config.h"
#include "receivers/otlp/refusals.h"

namespace vigia::receivers {

class ExportService final : public std::enable_shared_from_this<ExportService> {
 public:
  ExportService(const pipeline::Context& context, const OtlpReceiverConfig& config, const pipeline::Outputs& outputs);

  // `idle` is called, once, when no request is under way any more. REQUIRES: no more requests come.
  void wait_until_idle(Function<void()> idle);

  // As of net::HttpService, for a port that lets in whom `authenticator` (or everybody, without one) lets in.
  net::BodyPlan plan(const net::RequestHead& head, const pipeline::ServerAuthenticator* authenticator);
  void serve(net::Request request, std::unique_ptr<net::Responder> responder, const pipeline::ServerAuthenticator* authenticator);
  std::optional<net::Response> refuse_growth(const net::RequestHead& head, size_t more_bytes);
  net::Response refusal(const net::RequestHead& head, int http_status, std::string_view reason);

 private:
  // A request between its body and its answer.
  struct Exchange {
    net::RequestHead head;
    std::unique_ptr<net::Responder> responder;
    otlp::Signal signal = otlp::Signal::traces;
    Dialect dialect = Dialect::grpc;
    std::string customer;
  };
  struct Content {
    Slice request;
    size_t item_count = 0;
    otlp::PartialSuccess partial;
    std::shared_ptr<const pipeline::Packed> packed = nullptr;  // When the request is what came.
  };

  std::optional<otlp::Signal> signal_of(const net::RequestHead& head, bool is_grpc) const;
  std::optional<net::Response> refuse_head(const net::RequestHead& head, bool is_grpc, const pipeline::ServerAuthenticator* authenticator);
  Status check_http_head(const net::RequestHead& head, int& http_status) const;
  net::Response preflight_response(const net::RequestHead& head) const;
  void add_common_headers(const net::RequestHead& head, net::Response& response) const;

  void work(Exchange exchange, Slice body);
  Result<Content> read(const Exchange& exchange, Slice body);
  // `packed`: what `body` was, if it was compressed.
  Result<Slice> plain_body(const Exchange& exchange, Slice body, std::shared_ptr<const pipeline::Packed>& packed) const;
  void refuse_foreign(const Exchange& exchange, Content& content);
  std::shared_ptr<const pipeline::Client> client_of(const Exchange& exchange) const;
  void accept(Exchange exchange, const otlp::PartialSuccess& partial);
  int64_t answer_delay_ms() const;
  void answer(Exchange& exchange, net::Response response);

  const pipeline::ReceiverTelemetry& telemetry(Dialect dialect) const {
    return dialect == Dialect::grpc ? grpc_telemetry_ : http_telemetry_;
  }
  Refusals& refusals(Dialect dialect) { return dialect == Dialect::grpc ? grpc_refusals_ : http_refusals_; }

  pipeline::Context context_;
  OtlpReceiverConfig config_;
  pipeline::Outputs outputs_;
  pipeline::ReceiverTelemetry grpc_telemetry_;
  pipeline::ReceiverTelemetry http_telemetry_;
  Refusals grpc_refusals_;
  Refusals http_refusals_;
  Counter& repaired_strings_;
  std::atomic<size_t> under_way_{1};  // requests, and one that wait_until_idle() takes away
  Function<void()> idle_;
};

// One port of the receiver. What it asks of senders it asks of both protocols: each port answers both.
class ExportPort final : public net::HttpService {
 public:
  ExportPort(std::shared_ptr<ExportService> service, const pipeline::ServerAuthenticator* authenticator)
      : service_(std::move(service)), authenticator_(authenticator) {}

  net::BodyPlan plan(const net::RequestHead& head) override { return service_->plan(head, authenticator_); }
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override {
    service_->serve(std::move(request), std::move(responder), authenticator_);
  }
  std::optional<net::Response> refuse_growth(const net::RequestHead& head, size_t more_bytes) override {
    return service_->refuse_growth(head, more_bytes);
  }
  net::Response refusal(const net::RequestHead& head, int http_status, std::string_view reason) override {
    return service_->refusal(head, http_status, reason);
  }

 private:
  std::shared_ptr<ExportService> service_;
  const pipeline::ServerAuthenticator* authenticator_;
};

}  // namespace vigia::receivers
