#pragma once

// Names to addresses, without blocking a loop.

#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace vigia::net {

class Resolver {
 public:
  // One for the process; look-ups run on the loop that asks. It goes after the loops have stopped and before they go.
  static std::unique_ptr<Resolver> create(LoopGroup& loops);
  virtual ~Resolver() = default;

  // REQUIRES: called on a loop. Numbers are answered at once, names by /etc/hosts and DNS. At least one address, IPv4 and IPv6 alternating,
  // on success. An answer counts for a second, failures, too, so that each loop asks for a name once a second at most. A name server that
  // is silent is asked again after 1 and 3 s and given up after 7 s; other servers in /etc/resolv.conf are used from the next look-up on.
  virtual void resolve(const std::string& host, int port, Function<void(Result<std::vector<SocketAddress>>)> done) = 0;

  using NameDone = Function<void(Result<std::string>)>;
  // The full name of a host that goes by a shorter one or by an alias, by /etc/hosts and DNS; without a dot at its end. As resolve(), but
  // every call asks. A resolver that knows no names says UNIMPLEMENTED.
  virtual void canonical_name(const std::string& host, NameDone done) { done(unimplemented("cannot look up " + host)); }
  // The name that belongs to an address.
  virtual void name_of(const SocketAddress& address, NameDone done) { done(unimplemented("cannot look up " + address.to_string())); }
};

}  // namespace vigia::net
