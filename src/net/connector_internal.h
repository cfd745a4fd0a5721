#pragma once

// From the addresses of a name to one open socket. Private to net/.

#include <memory>
#include <vector>

#include "base/function.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace vigia::net {

// Which addresses of a name have been of use lately. Bounded; one for each destination and loop.
class AddressMemory {
 public:
  void worked(const SocketAddress& address);
  void failed(const SocketAddress& address);
  // The best first: those that failed go behind the others, the one that worked last before them.
  void sort(std::vector<SocketAddress>& addresses) const;

 private:
  SocketAddress best_;
  std::vector<SocketAddress> failed_;
};

// Connects to the first of several addresses that answers. Each has a head start over the next, and is tried on beside it, so that a
// dead address hides no living one; one that refuses lets the next begin at once.
class Connector {
 public:
  struct Connected {
    Socket socket;
    SocketAddress address;
  };
  using Done = Function<void(Result<Connected>)>;

  // `done` is called once, unless the connector goes before; it may be the end of the connector. There is no other limit on the time.
  Connector(EventLoop& loop, std::vector<SocketAddress> addresses, Done done);
  ~Connector();

  // May call `done` at once.
  void start() { try_next(); }

 private:
  struct Attempt;

  void try_next();
  Status begin(const SocketAddress& address);
  void on_answer(Attempt& attempt);
  void finish(Result<Connected> result);

  EventLoop& loop_;
  std::vector<SocketAddress> addresses_;
  Done done_;
  size_t next_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  EventLoop::TimerId timer_ = 0;
  Status last_error_;
};

}  // namespace vigia::net
