#include <algorithm>

#include "net/connector_internal.h"

namespace vigia::net {

namespace {

constexpr int64_t head_start_ms = 250;        // as RFC 8305 recommends
constexpr size_t most_addresses = 32;         // of one name are tried
constexpr size_t most_failed_addresses = 32;  // are remembered

}  // namespace

void AddressMemory::worked(const SocketAddress& address) {
  best_ = address;
  std::erase(failed_, address);
}

void AddressMemory::failed(const SocketAddress& address) {
  if (best_ == address) best_ = {};
  std::erase(failed_, address);
  if (failed_.size() == most_failed_addresses) failed_.erase(failed_.begin());
  failed_.push_back(address);
}

void AddressMemory::sort(std::vector<SocketAddress>& addresses) const {
  // The one that failed longest ago is the next to be given a chance.
  auto rank = [&](const SocketAddress& address) -> ptrdiff_t {
    if (address == best_) return -1;
    auto found = std::find(failed_.begin(), failed_.end(), address);
    return found == failed_.end() ? 0 : 1 + (found - failed_.begin());
  };
  std::stable_sort(addresses.begin(), addresses.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

// One address that is being connected to.
struct Connector::Attempt final : IoHandler {
  Attempt(Connector& owner, Socket open_socket, const SocketAddress& to) : connector(owner), socket(std::move(open_socket)), address(to) {}
  ~Attempt() override {
    if (socket.is_open()) connector.loop_.forget(socket.descriptor());
  }
  void on_io(bool, bool) override { connector.on_answer(*this); }

  Connector& connector;
  Socket socket;
  SocketAddress address;
};

Connector::Connector(EventLoop& loop, std::vector<SocketAddress> addresses, Done done)
    : loop_(loop), addresses_(std::move(addresses)), done_(std::move(done)), last_error_(unavailable("no address")) {
  if (addresses_.size() > most_addresses) addresses_.resize(most_addresses);
}

Connector::~Connector() { loop_.cancel_timer(timer_); }

void Connector::try_next() {
  loop_.cancel_timer(std::exchange(timer_, 0));
  while (next_ < addresses_.size()) {
    Status begun = begin(addresses_[next_++]);
    if (!begun.is_ok()) {
      last_error_ = unavailable(begun.message());
      continue;
    }
    if (next_ < addresses_.size())
      timer_ = loop_.run_after_ms(head_start_ms, [this] {
        timer_ = 0;
        try_next();
      });
    return;
  }
  if (attempts_.empty()) finish(std::move(last_error_));
}

Status Connector::begin(const SocketAddress& address) {
  ASSIGN_OR_RETURN(Socket socket, start_connect(address));
  int descriptor = socket.descriptor();
  auto attempt = std::make_unique<Attempt>(*this, std::move(socket), address);
  RETURN_IF_ERROR(loop_.watch(descriptor, false, true, *attempt));
  attempts_.push_back(std::move(attempt));
  return {};
}

void Connector::on_answer(Attempt& attempt) {
  auto entry = std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& one) { return one.get() == &attempt; });
  std::unique_ptr<Attempt> over = std::move(*entry);
  attempts_.erase(entry);
  Status error = connect_error(over->socket, over->address);
  if (error.is_ok()) {
    loop_.forget(over->socket.descriptor());
    finish(Connected{std::move(over->socket), over->address});
    return;
  }
  over.reset();  // the next step may be the end of all this
  last_error_ = std::move(error);
  try_next();
}

void Connector::finish(Result<Connected> result) {
  loop_.cancel_timer(std::exchange(timer_, 0));
  attempts_.clear();
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace vigia::net
