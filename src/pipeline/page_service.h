#pragma once

// The common part of our small HTTP services (health, self-metrics, profiles): requests without bodies, plain answers.

#include <string_view>

#include "base/bytes.h"
#include "net/http.h"

namespace vigia::pipeline {

class PageService : public net::HttpService {
 public:
  // The ledger outlives the service.
  explicit PageService(MemoryLedger& ledger) : ledger_(ledger) {}

  net::BodyPlan plan(const net::RequestHead& head) override;
  net::Response refusal(const net::RequestHead& head, int http_status, std::string_view reason) override;

 protected:
  net::Response page(int status, std::string_view content_type, std::string_view body) const {
    return net::text_response(status, content_type, body, ledger_);
  }
  net::Response plain_page(int status, std::string_view body) const { return page(status, "text/plain; charset=utf-8", body); }
  MemoryLedger& ledger() const { return ledger_; }

 private:
  MemoryLedger& ledger_;
};

// The value of `name` in "a=1&b=2"; "" when it is missing. Nothing is unescaped.
std::string_view query_value(std::string_view query, std::string_view name);

}  // namespace vigia::pipeline
