// Any bytes as OTLP/JSON. What is accepted passes the door as it is, and means the same after another turn through JSON.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "otlp/json_read.h"
#include "otlp/json_write.h"
#include "otlp/validate.h"

using namespace vigia;
using namespace vigia::otlp;

namespace {

std::string written(Signal signal, const Slice& request, MemoryLedger& ledger) {
  Appender out(ledger);
  write_json(signal, request.view(), out);
  return std::string(out.view());
}

void check_request(Signal signal, std::string_view json, MemoryLedger& ledger) {
  Result<JsonRequest> first = read_json(signal, json, ledger);
  if (!first) return;
  Result<Checked> checked = validate(signal, first->request, ledger);
  CHECK(checked.is_ok() && checked->body.view() == first->request.view());
  std::string text = written(signal, first->request, ledger);
  Result<JsonRequest> second = read_json(signal, text, ledger);
  CHECK(second.is_ok() && second->repaired_count == 0);
  CHECK(written(signal, second->request, ledger) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  MemoryLedger ledger;
  check_request(all_signals[data[0] % all_signals.size()], {reinterpret_cast<const char*>(data + 1), size - 1}, ledger);
  CHECK(ledger.held_bytes() == 0);
  return 0;
}
