#include "journal/record.h"

#include "journal/coding.h"

namespace vigia::journal {

uint64_t held_bytes(const Record& record) {
  constexpr uint64_t bytes_of_books = 1024;
  uint64_t bytes = bytes_of_books + record.unpacked_bytes + record.customer.size() + record.peer_address.size();
  for (const auto& [name, value] : record.metadata) bytes += sizeof(name) + sizeof(value) + name.size() + value.size();
  return bytes;
}

std::string encode_head(const Record& record) {
  std::string head;
  size_t size = 64 + record.customer.size() + record.peer_address.size();
  for (const auto& [name, value] : record.metadata) size += 8 + name.size() + value.size();
  head.reserve(size);
  put<uint32_t>(head, 0);  // the length, known at the end
  put(head, record.signal);
  put(head, record.encoding);
  put<uint16_t>(head, 0);
  put(head, record.received_ns);
  put(head, record.items);
  put(head, record.unpacked_bytes);
  put_string(head, record.customer);
  put_string(head, record.peer_address);
  put(head, static_cast<uint32_t>(record.metadata.size()));
  for (const auto& [name, value] : record.metadata) {
    put_string(head, name);
    put_string(head, value);
  }
  put_at(head.data(), static_cast<uint32_t>(head.size()));
  return head;
}

Result<size_t> decode_head(std::string_view payload, Record& record) {
  if (payload.size() < sizeof(uint32_t)) return data_loss("the record has no head");
  auto size = get_at<uint32_t>(payload.data());
  if (size > payload.size()) return data_loss("the record's head is longer than the record");
  Decoder in(payload.substr(0, size));
  in.get<uint32_t>();
  record.signal = in.get<uint8_t>();
  record.encoding = in.get<uint8_t>();
  in.get<uint16_t>();
  record.received_ns = in.get<int64_t>();
  record.items = in.get<uint64_t>();
  record.unpacked_bytes = in.get<uint64_t>();
  record.customer = in.get_string();
  record.peer_address = in.get_string();
  auto count = in.get<uint32_t>();
  record.metadata.clear();
  for (uint32_t i = 0; i < count && in.is_good(); i++) {
    std::string name(in.get_string());
    record.metadata.emplace_back(std::move(name), std::string(in.get_string()));
  }
  if (!in.is_good()) return data_loss("the record's head ends too early");
  return size;  // what a later version adds stands at the head's end and is passed over
}

}  // namespace vigia::journal
