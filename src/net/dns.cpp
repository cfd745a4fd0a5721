#include "net/dns.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>
#include <map>

#include <fmt/core.h>

namespace vigia::net {

namespace {

using Answer = Function<void(Result<std::vector<SocketAddress>>)>;

// The look-ups of one loop: c-ares tells which sockets it watches, the loop tells it when they have something.
class LoopResolver final {
 public:
  explicit LoopResolver(EventLoop& loop) : loop_(loop) {
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t descriptor, int readable, int writable) {
      static_cast<LoopResolver*>(self)->watch(descriptor, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = 2000;
    options.tries = 3;
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    int result = ares_init_options(&channel_, &options, mask);
    if (result != ARES_SUCCESS) error_ = ares_strerror(result);
  }
  ~LoopResolver() {
    if (channel_) ares_destroy(channel_);
    loop_.cancel_timer(timer_);
  }

  void resolve(const std::string& host, int port, Answer done) {
    if (!channel_) {
      done(unavailable("cannot look up names: " + error_));
      return;
    }
    auto question = std::make_unique<Question>(Question{this, host, std::move(done)});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    std::string service = std::to_string(port);
    hints.ai_flags = ARES_AI_NUMERICSERV;
    ares_getaddrinfo(channel_, host.c_str(), service.c_str(), &hints, &LoopResolver::on_answer,
                     question.release());  // on_answer is called once, whatever happens
    arm_timer();
  }

 private:
  struct Question {
    LoopResolver* resolver;
    std::string host;
    Answer done;
  };

  // One watched socket of c-ares.
  struct Watcher final : IoHandler {
    Watcher(LoopResolver& owner, int socket) : resolver(owner), descriptor(socket) {}
    void on_io(bool readable, bool writable) override {
      LoopResolver& owner = resolver;  // c-ares may close the socket meanwhile
      int socket = descriptor;
      ares_process_fd(owner.channel_, readable ? socket : ARES_SOCKET_BAD, writable ? socket : ARES_SOCKET_BAD);
      owner.arm_timer();
    }
    LoopResolver& resolver;
    int descriptor;
  };

  void watch(int descriptor, bool readable, bool writable) {
    auto entry = watchers_.find(descriptor);
    if (!readable && !writable) {
      if (entry == watchers_.end()) return;
      loop_.forget(descriptor);
      watchers_.erase(entry);
    } else if (entry == watchers_.end()) {
      entry = watchers_.emplace(descriptor, std::make_unique<Watcher>(*this, descriptor)).first;
      if (!loop_.watch(descriptor, readable, writable, *entry->second).is_ok()) watchers_.erase(entry);
    } else {
      loop_.change_watch(descriptor, readable, writable, *entry->second);
    }
  }

  void arm_timer() {
    loop_.cancel_timer(std::exchange(timer_, 0));
    timeval most{5, 0};
    timeval wait{};
    if (watchers_.empty() || !ares_timeout(channel_, &most, &wait)) return;
    timer_ = loop_.run_after_ms(wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1, [this] {
      timer_ = 0;
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      arm_timer();
    });
  }

  static void on_answer(void* argument, int status, int, ares_addrinfo* found) {
    std::unique_ptr<Question> question(static_cast<Question*>(argument));
    if (status != ARES_SUCCESS) {
      question->done(unavailable(fmt::format("cannot look up {}: {}", question->host, ares_strerror(status))));
      return;
    }
    std::vector<SocketAddress> v4;
    std::vector<SocketAddress> v6;
    for (const ares_addrinfo_node* node = found->nodes; node; node = node->ai_next)
      (node->ai_family == AF_INET ? v4 : v6).emplace_back(node->ai_addr, node->ai_addrlen);
    ares_freeaddrinfo(found);
    std::vector<SocketAddress> addresses;
    for (size_t i = 0; i < std::max(v4.size(), v6.size()); i++) {
      if (i < v4.size()) addresses.push_back(v4[i]);
      if (i < v6.size()) addresses.push_back(v6[i]);
    }
    if (addresses.empty())
      question->done(unavailable(fmt::format("cannot look up {}: it has no address", question->host)));
    else
      question->done(std::move(addresses));
  }

  EventLoop& loop_;
  ares_channel channel_ = nullptr;
  std::string error_;
  std::map<int, std::unique_ptr<Watcher>> watchers_;
  EventLoop::TimerId timer_ = 0;
};

class CaresResolver final : public Resolver {
 public:
  explicit CaresResolver(LoopGroup& loops) : loops_(loops), by_loop_(loops.size()) { ares_library_init(ARES_LIB_INIT_ALL); }
  ~CaresResolver() override {
    by_loop_.clear();
    ares_library_cleanup();
  }

  void resolve(const std::string& host, int port, Answer done) override {
    if (auto number = SocketAddress::from_number(host, port); number.is_ok()) {
      done(std::vector<SocketAddress>{*number});
      return;
    }
    for (size_t i = 0; i < loops_.size(); i++) {
      if (!loops_.at(i).is_current_thread()) continue;
      if (!by_loop_[i]) by_loop_[i] = std::make_unique<LoopResolver>(loops_.at(i));
      by_loop_[i]->resolve(host, port, std::move(done));
      return;
    }
    CHECK(false);  // the contract says: on a loop
  }

 private:
  LoopGroup& loops_;
  std::vector<std::unique_ptr<LoopResolver>> by_loop_;  // each touched by its own loop only
};

}  // namespace

std::unique_ptr<Resolver> Resolver::create(LoopGroup& loops) { return std::make_unique<CaresResolver>(loops); }

}  // namespace vigia::net
