#pragma once

// The signals that people, systemd and Kubernetes send to a running program.
//
// begin() must be called before any other thread is started, so that all threads leave these signals to us.

#include <signal.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/status.h"

namespace vigia::app {

enum class Wish : uint8_t { stop, reload };

class SignalInbox {
 public:
  // From now on SIGINT and SIGTERM are a wish to stop, SIGHUP is one to reload, SIGPIPE is ignored. A second wish to stop ends the
  // process at once.
  static Result<std::unique_ptr<SignalInbox>> begin(const Clock& clock);
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  struct Message {
    Wish wish;
    int signal_number;
    int64_t arrived_steady_ms;  // its sender counts the time from here
  };
  // Waits for the next one. A wish to stop overtakes one to reload; several to reload are one, since each is for what the files say when it
  // is followed.
  Message wait();

 private:
  SignalInbox(const Clock& clock, int signal_descriptor, int end_descriptor, const sigset_t& mask_before);
  void listen();

  const Clock& clock_;
  int signal_descriptor_;
  int end_descriptor_;
  sigset_t mask_before_;  // of the thread that began, which is also the one that ends
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Message> stop_;
  std::optional<Message> reload_;
  std::thread thread_;
};

}  // namespace vigia::app
