#include "extensions/pprof/pprof.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "extensions/pprof/factory.h"

namespace vigia::extensions {

namespace {

constexpr int64_t default_seconds = 30;
constexpr int64_t max_seconds = 3600;

constexpr std::string_view index_page =
    "/debug/pprof/\n\n"
    "profile    CPU profile; ?seconds=N says for how long (30 by default)\n"
    "cmdline    the name of this program\n\n"
    "go tool pprof -top http://HOST:PORT/debug/pprof/profile?seconds=10\n";

}  // namespace

PprofConfig decode_pprof(config::Section& section) {
  PprofConfig config;
  section.field("endpoint", config.endpoint);
  section.field("save_to_file", config.save_to_file);
  section.field("block_profile_fraction", config.block_profile_fraction);
  section.field("mutex_profile_fraction", config.mutex_profile_fraction);
  section.accept_ignored("dialer");
  Result<net::HostPort> address = net::parse_host_port(config.endpoint);
  section.require(address.is_ok(), "endpoint", "expected host:port, found \"" + config.endpoint + "\"");
  section.claim(pipeline::listener_topic, "endpoint", config.endpoint);
  return config;
}

PprofExtension::PprofExtension(const pipeline::Context& context, PprofConfig config)
    : PageService(context.ledger), context_(context), config_(std::move(config)), profiler_(context.clock, context.files, context.ledger) {}

PprofExtension::~PprofExtension() { profiler_.finish(); }

Status PprofExtension::start() {
  net::ServerSettings settings;
  settings.endpoint = config_.endpoint;
  auto server = net::HttpServer::start(settings, *this, context_.loops, context_.ledger, context_.log);
  if (!server.is_ok()) return std::move(server).status();
  server_ = std::move(server).value();
  context_.report_port(context_.id.to_string(), server_->port());
  context_.log.info("Starting net/http/pprof server", {{"endpoint", server_->address()}});
  if (config_.save_to_file.empty()) return {};
  // That the file can be written is better known now than when the program ends.
  ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, context_.files.open_append(config_.save_to_file, true));
  return profiler_.start(0, [this](Result<Slice> profile) {
    Status written = profile.is_ok() ? context_.files.write_file_atomically(config_.save_to_file, profile->view()) : profile.status();
    if (!written.is_ok()) context_.log.error("cannot save the CPU profile", {{"error", written}});
  });
}

void PprofExtension::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  profiler_.finish();
  if (!server_) return stopped();
  server_->drain(std::max<int64_t>(deadline_steady_ms - context_.clock.steady_ms(), 0), std::move(stopped));
}

void PprofExtension::serve(net::Request request, std::unique_ptr<net::Responder> responder) {
  std::string_view path = request.head.path;
  if (request.head.method != "GET" && request.head.method != "HEAD")
    responder->respond(plain_page(405, "only GET is served here\n"));
  else if (path == "/debug/pprof/profile")
    serve_profile(request.head.query, std::move(responder));
  else if (path == "/debug/pprof/" || path == "/debug/pprof" || path == "/")
    responder->respond(plain_page(200, index_page));
  else if (path == "/debug/pprof/cmdline")
    responder->respond(plain_page(200, "vigia"));
  else
    responder->respond(plain_page(404, "there is no such profile; see /debug/pprof/\n"));
}

void PprofExtension::serve_profile(std::string_view query, std::unique_ptr<net::Responder> responder) {
  std::string_view text = pipeline::query_value(query, "seconds");
  std::optional<int64_t> seconds = text.empty() ? default_seconds : parse_int(text);
  if (!seconds || *seconds < 1 || *seconds > max_seconds)
    return responder->respond(plain_page(400, "seconds must be a number from 1 to 3600\n"));
  std::shared_ptr<net::Responder> shared = std::move(responder);
  Status started = profiler_.start(*seconds * 1000, [this, shared](Result<Slice> profile) {
    if (!profile.is_ok()) return shared->respond(plain_page(500, profile.status().message() + "\n"));
    net::Response response;
    response.headers.set("content-type", "application/octet-stream");
    response.headers.set("content-disposition", "attachment; filename=\"profile\"");
    response.body = Chain(std::move(profile).value());
    shared->respond(std::move(response));
  });
  if (!started.is_ok()) shared->respond(plain_page(500, started.message() + "\n"));
}

pipeline::ExtensionFactory pprof_extension() {
  pipeline::ExtensionFactory factory;
  factory.type = "pprof";
  factory.decode = [](config::Section& section) -> std::any { return decode_pprof(section); };
  factory.create = [](const pipeline::Context& context, const std::any& config) -> Result<std::unique_ptr<pipeline::Extension>> {
    return std::unique_ptr<pipeline::Extension>(new PprofExtension(context, std::any_cast<const PprofConfig&>(config)));
  };
  return factory;
}

}  // namespace vigia::extensions
