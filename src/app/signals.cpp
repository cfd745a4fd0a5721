#include "app/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vigia::app {

namespace {

sigset_t wished_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

Result<std::unique_ptr<SignalInbox>> SignalInbox::begin(const Clock& clock) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  sigset_t set = wished_signals();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &set, &before);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0) return system_error("cannot listen to signals", errno);
  int end = eventfd(0, EFD_CLOEXEC);
  if (end < 0) {
    close(signals);
    return system_error("cannot listen to signals", errno);
  }
  return std::unique_ptr<SignalInbox>(new SignalInbox(clock, signals, end, before));
}

SignalInbox::SignalInbox(const Clock& clock, int signal_descriptor, int end_descriptor, const sigset_t& mask_before)
    : clock_(clock), signal_descriptor_(signal_descriptor), end_descriptor_(end_descriptor), mask_before_(mask_before), thread_([this] {
        listen();
      }) {}

SignalInbox::~SignalInbox() {
  uint64_t one = 1;
  (void)!write(end_descriptor_, &one, sizeof one);
  thread_.join();
  close(signal_descriptor_);
  close(end_descriptor_);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

SignalInbox::Message SignalInbox::wait() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return stop_ || reload_; });
  return *std::exchange(stop_ ? stop_ : reload_, std::nullopt);
}

void SignalInbox::listen() {
  bool is_stopping = false;
  for (;;) {
    pollfd watched[] = {{signal_descriptor_, POLLIN, 0}, {end_descriptor_, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents) return;
    signalfd_siginfo info{};
    if (read(signal_descriptor_, &info, sizeof info) != sizeof info) continue;
    int number = static_cast<int>(info.ssi_signo);
    Wish wish = number == SIGHUP ? Wish::reload : Wish::stop;
    if (wish == Wish::stop && is_stopping) _exit(1);
    is_stopping |= wish == Wish::stop;
    std::lock_guard lock(mutex_);
    (wish == Wish::stop ? stop_ : reload_) = Message{wish, number, clock_.steady_ms()};
    arrived_.notify_all();
  }
}

}  // namespace vigia::app
