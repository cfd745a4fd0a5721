#pragma once

// What the command line of `vigia load` says.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/compress.h"
#include "base/status.h"
#include "net/http.h"
#include "otlp/generator.h"

namespace vigia::app {

enum class LoadProtocol : uint8_t { grpc, http };

struct LoadOptions {
  bool wants_help = false;

  std::string host = "127.0.0.1";
  int port = 0;  // 0: the protocol's own, 4317 or 4318
  LoadProtocol protocol = LoadProtocol::grpc;
  net::Headers headers;
  int64_t timeout_ms = 10'000;  // of one request

  bool use_tls = false;
  std::string ca_file;
  bool skip_verify = false;

  double items_per_second = 0;  // 0: as fast as it goes
  int64_t duration_ms = 10'000;
  uint64_t max_items = 0;  // 0: until the duration is over
  size_t connections = 1;
  size_t requests_in_flight = 0;  // on one connection; 0: the protocol's own default
  size_t threads = 0;             // 0: one for each core this process may run on
  Compression compression = Compression::none;

  otlp::DataSetOptions data;
  size_t distinct_requests = 0;  // 0: decided by their size
  uint64_t id_seed = 0;          // of trace and span ids; 0: this run has its own
};

// `args` is what follows "load". Names the argument and what was expected on failure.
Result<LoadOptions> parse_load_options(const std::vector<std::string>& args);

std::string_view load_help();

}  // namespace vigia::app
