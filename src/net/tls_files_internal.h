#pragma once

// A TLS context that follows its files. Private to net/.

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/log.h"
#include "net/tls.h"

namespace vigia::net {

using ContextPointer = std::shared_ptr<ssl_ctx_st>;

// Makes the context again when its files have changed. Any thread.
class TlsFiles {
 public:
  using Maker = std::function<Result<ContextPointer>()>;

  // The clock must outlive this.
  TlsFiles(const TlsSettings& settings, const Clock& clock, Maker make, ContextPointer first);

  // For a new connection. Looks at the files when it is time; what it found goes to the log. Files that are of no use change nothing.
  ContextPointer current(const Logger& log);

 private:
  using Changes = std::array<int64_t, 4>;  // when each file was written last; 0 for those that are not followed
  struct State {
    ContextPointer context;
    Changes changes;
    int64_t looked_ms;
    std::string error;  // of the last try
  };

  Changes changes() const;
  void look_again(State& state, const Logger& log);

  const TlsSettings settings_;
  const Clock& clock_;
  const int64_t interval_ms_;  // 0: the files are read once
  Maker make_;
  Guarded<State> state_;
};

}  // namespace vigia::net
