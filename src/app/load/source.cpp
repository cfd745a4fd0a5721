#include "app/load/source.h"

#include <algorithm>
#include <utility>

#include "net/grpc.h"
#include "otlp/split.h"

namespace vigia::app {
namespace {

// Enough different requests that the receiver's caches see real variety, and not so many that making them takes long.
constexpr size_t ring_bytes = 48 << 20;
constexpr size_t least_requests = 4;
constexpr size_t most_requests = 512;
// One after the other until every series had its turn, if that fits.
constexpr size_t most_ring_bytes = 512 << 20;

// The first items of a request; all of it when it has no more.
Chain first_items(otlp::Signal signal, Chain request, size_t request_items, size_t items, MemoryLedger& ledger) {
  if (items >= request_items) return request;
  return otlp::Splitter(signal, std::move(request), request_items, ledger).next(items).payload;
}

Result<Chain> wire_form(const LoadOptions& options, const Chain& content, MemoryLedger& ledger) {
  if (options.protocol == LoadProtocol::grpc) return net::frame_grpc_message(content, options.compression, ledger);
  if (options.compression == Compression::none) return content;
  ASSIGN_OR_RETURN(Slice compressed, compress(options.compression, content, ledger));
  return Chain(std::move(compressed));
}

// How many different requests are made.
Result<size_t> ring_size(const LoadOptions& options, size_t requests_in_flight, MemoryLedger& ledger) {
  size_t least = std::max(least_requests, requests_in_flight + 1);
  if (options.distinct_requests > 0) return std::max(options.distinct_requests, least);
  ASSIGN_OR_RETURN(otlp::Generator generator, otlp::Generator::create(options.data));
  Appender request(ledger);
  generator.next_request(request);
  size_t request_bytes = std::max<size_t>(request.size(), 1);
  size_t count = std::clamp(ring_bytes / request_bytes, least, std::max(least, most_requests));
  if (options.data.signal != otlp::Signal::metrics) return count;
  size_t one_round = (options.data.series + options.data.batch - 1) / options.data.batch;
  return std::max(count, std::min(one_round, most_ring_bytes / request_bytes));
}

}  // namespace

Result<RequestSource> RequestSource::create(const LoadOptions& options, size_t requests_in_flight, uint64_t id_seed, uint64_t now_ns,
                                            size_t last_items, MemoryLedger& ledger) {
  RequestSource source(options, ledger);
  source.last_items_ = last_items;
  ASSIGN_OR_RETURN(size_t count, ring_size(options, requests_in_flight, ledger));
  ASSIGN_OR_RETURN(otlp::RequestRing ring, otlp::RequestRing::create(options.data, count, id_seed, ledger));
  if (options.compression == Compression::none) {
    source.ring_ = std::move(ring);
    return source;
  }
  for (size_t i = 0; i < count; i++) {
    ASSIGN_OR_RETURN(Chain body, wire_form(options, Chain(ring.next(now_ns)), ledger));
    source.compressed_.push_back(std::move(body));
  }
  if (last_items > 0) {
    Chain content = first_items(options.data.signal, Chain(ring.next(now_ns)), options.data.batch, last_items, ledger);
    ASSIGN_OR_RETURN(source.compressed_last_, wire_form(options, content, ledger));
  }
  return source;
}

Chain RequestSource::next(uint64_t now_ns) {
  if (!ring_) return compressed_[next_++ % compressed_.size()];
  return fresh_body(now_ns, items_per_request_);
}

Chain RequestSource::last(uint64_t now_ns) {
  if (last_items_ == 0) return next(now_ns);
  return ring_ ? fresh_body(now_ns, last_items_) : compressed_last_;
}

Chain RequestSource::fresh_body(uint64_t now_ns, size_t items) {
  Chain content = first_items(signal_, Chain(ring_->next(now_ns)), items_per_request_, items, *ledger_);
  if (protocol_ == LoadProtocol::http) return content;
  // Framing without compression fails for messages of 4 GiB only, and a ring has no such.
  return net::frame_grpc_message(content, Compression::none, *ledger_).value();
}

}  // namespace vigia::app
