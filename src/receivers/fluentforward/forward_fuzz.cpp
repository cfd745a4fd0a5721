// Scenario: any bytes as a message, also as what is packed in one.
// Guarantee: no crash and no read outside; whatever is made of them is let in by the door, with as many records as were told, and nothing left
// to repair; entries are counted whole.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/msgpack.h"
#include "otlp/request_writer.h"
#include "otlp/validate.h"
#include "receivers/fluentforward/handshake.h"
#include "receivers/fluentforward/message.h"
#include "receivers/fluentforward/records.h"

namespace vigia::receivers {
namespace {

constexpr size_t limit_bytes = 1 << 20;

void read(std::string_view bytes) {
  msgpack::Scanner scanner;
  if (scanner.advance(bytes, bytes.size()) != msgpack::Scanner::State::complete) return;
  MemoryLedger ledger;
  auto message = open_forward_message(bytes.substr(0, scanner.size()), limit_bytes, ledger);
  if (!message.is_ok()) return;
  otlp::RequestWriter writer(ledger);
  writer.open_resource({});
  writer.open_scope({});
  RecordWalk walk(*message);
  size_t records = 0;
  size_t entries = 0;
  for (auto step = walk.write_next(writer.out()); step != RecordWalk::Step::end; step = walk.write_next(writer.out())) {
    records += step == RecordWalk::Step::written;
    entries++;
  }
  CHECK(entries == message->entry_count);
  auto checked = otlp::validate(otlp::Signal::logs, writer.take(), ledger);
  CHECK(checked.is_ok() && checked->item_count == records && checked->repaired_strings == 0);
}

}  // namespace
}  // namespace vigia::receivers

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::receivers;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  std::string packed;
  vigia::msgpack::append_array(packed, 2);
  vigia::msgpack::append_string(packed, "tag");
  vigia::msgpack::append_binary(packed, bytes);
  read(packed);
  static const ForwardSecurity security{"key", "host", {{"user", "password", ""}}};
  CHECK(!Handshake(security, "nonce", "salt").judge(bytes).is_welcome);
  return 0;
}
