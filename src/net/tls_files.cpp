#include <algorithm>
#include <utility>

#include "base/file.h"
#include "net/tls_files_internal.h"

namespace vigia::net {

namespace {

constexpr int64_t client_ca_interval_ms = 1000;

int64_t modified_ns(const std::string& path) {
  auto when = SystemFiles().modified_ns(path);
  return when.is_ok() ? *when : 0;
}

bool follows_client_ca(const TlsSettings& settings) { return settings.client_ca_file_reload && !settings.client_ca_file.empty(); }

// client_ca_file_reload has no interval of its own: its file is to be taken when it changes.
int64_t look_interval_ms(const TlsSettings& settings) {
  if (!follows_client_ca(settings)) return settings.reload_interval_ms;
  return settings.reload_interval_ms > 0 ? std::min(settings.reload_interval_ms, client_ca_interval_ms) : client_ca_interval_ms;
}

}  // namespace

TlsFiles::TlsFiles(const TlsSettings& settings, const Clock& clock, Maker make, ContextPointer first)
    : settings_(settings),
      clock_(clock),
      interval_ms_(look_interval_ms(settings)),
      make_(std::move(make)),
      state_(State{std::move(first), changes(), clock.steady_ms(), {}}) {}

ContextPointer TlsFiles::current(const Logger& log) {
  return state_.with([&](State& state) {
    bool is_due = interval_ms_ > 0 && clock_.steady_ms() - state.looked_ms >= interval_ms_;
    if (is_due) look_again(state, log);
    return state.context;
  });
}

TlsFiles::Changes TlsFiles::changes() const {
  if (settings_.reload_interval_ms == 0) return {0, 0, 0, modified_ns(settings_.client_ca_file)};
  return {modified_ns(settings_.cert_file), modified_ns(settings_.key_file), modified_ns(settings_.ca_file),
          modified_ns(settings_.client_ca_file)};
}

void TlsFiles::look_again(State& state, const Logger& log) {
  state.looked_ms = clock_.steady_ms();
  Changes now = changes();
  if (now == state.changes) return;
  auto fresh = make_();
  if (!fresh.is_ok()) {
    // Half-written files, perhaps: told once, and looked at again and again.
    std::string error = fresh.status().message();
    if (error != state.error) log.warn("TLS files have changed, but are of no use: the old ones stay in force", {{"error", error}});
    state.error = std::move(error);
    return;
  }
  state = {std::move(*fresh), now, state.looked_ms, {}};
  log.info("TLS files have changed and were read again", {{"cert_file", settings_.cert_file}});
}

}  // namespace vigia::net
