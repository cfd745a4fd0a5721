#pragma once

// What the pprof extension is configured with, and the extension.

#include <memory>
#include <string>

#include "extensions/pprof/profiler.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "pipeline/page_service.h"

namespace vigia::extensions {

struct PprofConfig {
  std::string endpoint = "localhost:1777";
  std::string save_to_file;  // "" is none
  // Of Go's runtime; accepted, and without meaning here.
  int64_t block_profile_fraction = 0;
  int64_t mutex_profile_fraction = 0;
};

PprofConfig decode_pprof(config::Section& section);

// Serves /debug/pprof/ and /debug/pprof/profile?seconds=N.
class PprofExtension final : public pipeline::Extension, private pipeline::PageService {
 public:
  PprofExtension(const pipeline::Context& context, PprofConfig config);
  ~PprofExtension() override;

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override;
  void serve_profile(std::string_view query, std::unique_ptr<net::Responder> responder);

  pipeline::Context context_;
  PprofConfig config_;
  std::unique_ptr<net::HttpServer> server_;
  Profiler profiler_;
};

}  // namespace vigia::extensions
