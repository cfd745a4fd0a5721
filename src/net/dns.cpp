#include "net/dns.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/file.h"

namespace vigia::net {

namespace {

using Addresses = Result<std::vector<SocketAddress>>;
using Answer = Function<void(Addresses)>;

constexpr const char* servers_file = "/etc/resolv.conf";
constexpr int first_wait_ms = 1000;  // for a name server; the next waits are twice as long
constexpr int tries = 3;             // of each name server
constexpr int64_t hold_ms = 1000;    // how long an answer counts

// c-ares with the name servers that were configured when it was made, on one loop: it tells which sockets it watches, the loop tells it
// when they have something.
class Channel final {
 public:
  explicit Channel(EventLoop& loop) : loop_(loop) {
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t descriptor, int readable, int writable) {
      static_cast<Channel*>(self)->watch(descriptor, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = first_wait_ms;
    options.tries = tries;
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    int result = ares_init_options(&channel_, &options, mask);
    if (result != ARES_SUCCESS) error_ = ares_strerror(result);
  }
  ~Channel() {
    if (channel_) ares_destroy(channel_);
    loop_.cancel_timer(timer_);
  }

  // Why it is of no use; "" when it is.
  const std::string& error() const { return error_; }
  size_t in_flight() const { return in_flight_; }

  void ask_canonical_name(const std::string& host, Resolver::NameDone done) {
    auto question = std::make_unique<NameQuestion>(NameQuestion{this, host, std::move(done)});
    in_flight_++;
    ares_gethostbyname(channel_, host.c_str(), AF_UNSPEC, &Channel::on_name, question.release());
    arm_timer();
  }
  void ask_name_of(const SocketAddress& address, Resolver::NameDone done) {
    auto question = std::make_unique<NameQuestion>(NameQuestion{this, address.to_string(), std::move(done)});
    in_flight_++;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    if (address.family() == AF_INET)
      ares_gethostbyaddr(channel_, &v4->sin_addr, sizeof v4->sin_addr, AF_INET, &Channel::on_name, question.release());
    else
      ares_gethostbyaddr(channel_, &v6->sin6_addr, sizeof v6->sin6_addr, AF_INET6, &Channel::on_name, question.release());
    arm_timer();
  }

  void ask(const std::string& host, int port, Answer done) {
    auto question = std::make_unique<Question>(Question{this, host, std::move(done)});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    std::string service = std::to_string(port);
    hints.ai_flags = ARES_AI_NUMERICSERV;
    in_flight_++;
    ares_getaddrinfo(channel_, host.c_str(), service.c_str(), &hints, &Channel::on_answer,
                     question.release());  // on_answer is called once, whatever happens
    arm_timer();
  }

 private:
  struct Question {
    Channel* channel;
    std::string host;
    Answer done;
  };

  struct NameQuestion {
    Channel* channel;
    std::string subject;
    Resolver::NameDone done;
  };

  // One watched socket of c-ares.
  struct Watcher final : IoHandler {
    Watcher(Channel& owner, int socket) : channel(owner), descriptor(socket) {}
    void on_io(bool readable, bool writable) override {
      Channel& owner = channel;  // c-ares may close the socket meanwhile
      int socket = descriptor;
      ares_process_fd(owner.channel_, readable ? socket : ARES_SOCKET_BAD, writable ? socket : ARES_SOCKET_BAD);
      owner.arm_timer();
    }
    Channel& channel;
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
    question->channel->in_flight_--;
    if (status != ARES_SUCCESS) {
      question->done(unavailable(fmt::format("cannot look up {}: {}", question->host, ares_strerror(status))));
      return;
    }
    std::vector<SocketAddress> addresses = alternating(*found);
    ares_freeaddrinfo(found);
    if (addresses.empty())
      question->done(unavailable(fmt::format("cannot look up {}: it has no address", question->host)));
    else
      question->done(std::move(addresses));
  }

  static void on_name(void* argument, int status, int, hostent* found) {
    std::unique_ptr<NameQuestion> question(static_cast<NameQuestion*>(argument));
    question->channel->in_flight_--;
    if (status != ARES_SUCCESS || !found || !found->h_name || !*found->h_name) {
      question->done(unavailable(
          fmt::format("cannot look up {}: {}", question->subject, status == ARES_SUCCESS ? "it has no name" : ares_strerror(status))));
      return;
    }
    std::string name = found->h_name;
    if (name.ends_with('.')) name.pop_back();
    question->done(std::move(name));
  }

  static std::vector<SocketAddress> alternating(const ares_addrinfo& found) {
    std::vector<SocketAddress> v4;
    std::vector<SocketAddress> v6;
    for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next)
      (node->ai_family == AF_INET ? v4 : v6).emplace_back(node->ai_addr, node->ai_addrlen);
    std::vector<SocketAddress> addresses;
    for (size_t i = 0; i < std::max(v4.size(), v6.size()); i++) {
      if (i < v4.size()) addresses.push_back(v4[i]);
      if (i < v6.size()) addresses.push_back(v6[i]);
    }
    return addresses;
  }

  EventLoop& loop_;
  ares_channel channel_ = nullptr;
  std::string error_;
  size_t in_flight_ = 0;
  std::map<int, std::unique_ptr<Watcher>> watchers_;
  EventLoop::TimerId timer_ = 0;
};

// The look-ups of one loop. Whoever asks what is being asked already waits for the same answer, and an answer, good or bad, counts for a
// second: a destination that closes every connection, or cannot be found, does not become a storm for the name servers.
class LoopResolver final {
 public:
  explicit LoopResolver(EventLoop& loop) : loop_(loop) {}
  ~LoopResolver() {
    // What is under way is answered as they go.
    std::vector<std::unique_ptr<Channel>> channels = std::move(retired_);
    retired_.clear();
    channel_.reset();
  }

  void resolve(const std::string& host, int port, Answer done) {
    Key key{host, port};
    auto known = lookups_.find(key);
    if (known != lookups_.end() && known->second.is_under_way) {
      known->second.waiting.push_back(std::move(done));
      return;
    }
    if (known != lookups_.end() && counts(known->second)) {
      Addresses answer = known->second.answer;
      done(std::move(answer));
      return;
    }
    std::erase_if(lookups_, [&](const auto& entry) { return !entry.second.is_under_way && !counts(entry.second); });
    follow_servers_file();
    if (!channel_->error().empty()) {
      done(unavailable("cannot look up names: " + channel_->error()));
      return;
    }
    Lookup& fresh = lookups_[key];
    fresh.is_under_way = true;
    fresh.waiting.push_back(std::move(done));
    channel_->ask(host, port, [this, key](Addresses answer) { on_answer(key, std::move(answer)); });
  }

  // The channel to ask other questions with, or why there is none.
  Result<Channel*> channel() {
    follow_servers_file();
    if (!channel_->error().empty()) return unavailable("cannot look up names: " + channel_->error());
    return channel_.get();
  }

 private:
  using Key = std::pair<std::string, int>;
  struct Lookup {
    bool is_under_way = false;
    std::vector<Answer> waiting;
    Addresses answer = std::vector<SocketAddress>();
    int64_t answered_ms = 0;
  };

  bool counts(const Lookup& lookup) const { return loop_.now_ms() - lookup.answered_ms < hold_ms; }

  void on_answer(const Key& key, Addresses answer) {
    Lookup& lookup = lookups_[key];
    lookup.is_under_way = false;
    lookup.answer = answer;
    lookup.answered_ms = loop_.now_ms();
    // Whoever hears of it may ask again, and move what we hold.
    for (Answer& done : std::exchange(lookup.waiting, {})) done(answer);
    if (!retired_.empty()) drop_retired();
  }

  // c-ares reads its servers once, but a machine may get its network after us, or another one. What is being asked stays where it is.
  void follow_servers_file() {
    auto modified = SystemFiles().modified_ns(servers_file);
    int64_t version = modified.is_ok() ? *modified : 0;
    if (channel_ && channel_->error().empty() && version == version_) return;
    version_ = version;
    if (channel_) retired_.push_back(std::move(channel_));
    channel_ = std::make_unique<Channel>(loop_);
    drop_retired();
  }

  // Not at once: it may be one of them that calls us.
  void drop_retired() {
    loop_.post([this] { std::erase_if(retired_, [](const auto& channel) { return channel->in_flight() == 0; }); });
  }

  EventLoop& loop_;
  int64_t version_ = 0;  // of the servers file that the channel knows
  std::map<Key, Lookup> lookups_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::unique_ptr<Channel>> retired_;
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
    here().resolve(host, port, std::move(done));
  }
  void canonical_name(const std::string& host, NameDone done) override {
    Result<Channel*> channel = here().channel();
    if (!channel.is_ok()) return done(std::move(channel).status());
    (*channel)->ask_canonical_name(host, std::move(done));
  }
  void name_of(const SocketAddress& address, NameDone done) override {
    Result<Channel*> channel = here().channel();
    if (!channel.is_ok()) return done(std::move(channel).status());
    (*channel)->ask_name_of(address, std::move(done));
  }

 private:
  LoopResolver& here() {
    for (size_t i = 0; i < loops_.size(); i++) {
      if (!loops_.at(i).is_current_thread()) continue;
      if (!by_loop_[i]) by_loop_[i] = std::make_unique<LoopResolver>(loops_.at(i));
      return *by_loop_[i];
    }
    CHECK(false);  // the contract says: on a loop
    return *by_loop_[0];
  }

  LoopGroup& loops_;
  std::vector<std::unique_ptr<LoopResolver>> by_loop_;  // each touched by its own loop only
};

}  // namespace

std::unique_ptr<Resolver> Resolver::create(LoopGroup& loops) { return std::make_unique<CaresResolver>(loops); }

}  // namespace vigia::net
