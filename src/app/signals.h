#pragma once

// The signals that people, systemd and Kubernetes send to a running program.
//
// begin() must be called before any other thread is started, so that all threads leave these signals to us.

#include <signal.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.h"

namespace vigia::app {

enum class Wish : uint8_t { stop, reload };

class SignalInbox {
 public:
  // From now on SIGINT and SIGTERM are a wish to stop, SIGHUP is one to reload, SIGPIPE is ignored. A second wish to stop ends the
  // process at once.
  static Result<std::unique_ptr<SignalInbox>> begin();
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  struct Message {
    Wish wish;
    int signal_number;
  };
  // Waits for the next one.
  Message wait();

 private:
  SignalInbox(int signal_descriptor, int end_descriptor, const sigset_t& mask_before);
  void listen();

  int signal_descriptor_;
  int end_descriptor_;
  sigset_t mask_before_;  // of the thread that began, which is also the one that ends
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Message> messages_;
  std::thread thread_;
};

}  // namespace vigia::app
