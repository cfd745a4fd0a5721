#include "exporters/debug/config.h"

namespace vigia::exporters {

namespace {

bool decode_common(config::Section& in, DebugConfig& out) {
  bool has_verbosity = in.choice("verbosity", out.verbosity,
                                 {{"basic", Verbosity::basic}, {"normal", Verbosity::normal}, {"detailed", Verbosity::detailed}});
  in.field("sampling_initial", out.sampling_initial);
  in.field("sampling_thereafter", out.sampling_thereafter);
  return has_verbosity;
}

}  // namespace

void decode_debug(config::Section& in, DebugConfig& out) {
  decode_common(in, out);
  in.field("use_internal_logger", out.uses_internal_logger);
  bool has_paths = in.field("output_paths", out.output_paths);
  in.require(!has_paths || !out.uses_internal_logger, "output_paths", "needs use_internal_logger: false");
  // Printing needs no queue.
  in.accept_ignored("sending_queue");
}

void decode_logging(config::Section& in, DebugConfig& out) {
  out.sampling_thereafter = 500;
  out.has_long_titles = true;
  bool has_verbosity = decode_common(in, out);
  // What 0.88 did with `info` was one line for a batch, which is basic now.
  Verbosity by_level = Verbosity::basic;
  bool has_level = in.choice("loglevel", by_level,
                             {{"debug", Verbosity::detailed},
                              {"info", Verbosity::basic},
                              {"warn", Verbosity::basic},
                              {"warning", Verbosity::basic},
                              {"error", Verbosity::basic}});
  if (!has_level) return;
  in.require(!has_verbosity, "loglevel", "does not go with verbosity");
  in.warn("loglevel", "is deprecated: use verbosity (basic, normal or detailed)");
  out.verbosity = by_level;
}

}  // namespace vigia::exporters
