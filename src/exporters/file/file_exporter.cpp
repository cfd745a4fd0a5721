#include <map>

#include "base/compress.h"
#include "exporters/file/factory.h"
#include "exporters/file/rotating_file.h"
#include "otlp/json_write.h"
#include "pipeline/telemetry.h"

namespace vigia::exporters {

namespace {

// The exporter is made once for each signal, and all of them write to one file.
class OpenFiles {
 public:
  struct Opened {
    std::shared_ptr<RotatingFile> file;
    bool keeps_content = false;  // Somebody else, soon to stop, writes to the same path.
  };

  Opened get(const FileConfig& config, FileSystem& files, const Clock& clock) {
    return by_path_.with([&](std::map<std::string, std::weak_ptr<RotatingFile>>& by_path) -> Opened {
      std::erase_if(by_path, [](const auto& entry) { return entry.second.expired(); });
      std::shared_ptr<RotatingFile> open = by_path[config.path].lock();
      if (open && open->config() == config) return {open, false};
      auto file = std::make_shared<RotatingFile>(config, files, clock);
      by_path[config.path] = file;
      return {file, open != nullptr};
    });
  }

 private:
  Guarded<std::map<std::string, std::weak_ptr<RotatingFile>>> by_path_;
};

class FileExporter final : public pipeline::Exporter {
 public:
  FileExporter(const pipeline::Context& context, otlp::Signal signal, OpenFiles::Opened opened)
      : log_(context.log), ledger_(context.ledger), signal_(signal), opened_(std::move(opened)), telemetry_(context.metrics, context.id) {}

  Status start() override { return opened_.file->open(opened_.keeps_content); }

  void stop(int64_t, Function<void()> stopped) override {
    Status status = opened_.file->sync();
    if (!status.is_ok()) log_.error("cannot sync the file", {{"error", status}});
    stopped();
  }

  Result<pipeline::Reservation> reserve(const pipeline::Load&) override { return pipeline::Reservation(); }

  void consume(pipeline::Batch batch, pipeline::Done done) override {
    Result<Slice> record = record_of(batch);
    Status status = record.is_ok() ? opened_.file->write(record->view()) : std::move(record).status();
    if (!status.is_ok()) {
      telemetry_.send_failed.add(signal_, batch.item_count);
      log_.error("cannot write telemetry", {{"error", status}, {"items", batch.item_count}});
      // A full disk may be emptied.
      done(std::move(status).retryable_after_ms(1000));
      return;
    }
    telemetry_.sent.add(signal_, batch.item_count);
    batch.settle();
    done(Status());
  }

 private:
  // A line of JSON, or a length and a message.
  Result<Slice> record_of(const pipeline::Batch& batch) {
    const FileConfig& config = opened_.file->config();
    Appender out(ledger_, batch.payload.size() + 4);
    if (config.format == FileFormat::json && !config.is_compressed) {
      otlp::write_json(signal_, batch.payload, out);
      out.push_back('\n');
      return out.take();
    }
    Chain message = batch.payload;
    if (config.format == FileFormat::json) {
      otlp::write_json(signal_, batch.payload, out);
      message = Chain(out.take());
    }
    if (config.is_compressed) {
      ASSIGN_OR_RETURN(Slice compressed, compress(Compression::zstd, message, ledger_));
      message = Chain(std::move(compressed));
    }
    auto size = static_cast<uint32_t>(message.size());
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift & 0xFF));
    for (const Slice& slice : message.slices()) out.append(slice.view());
    return out.take();
  }

  const Logger log_;
  MemoryLedger& ledger_;
  const otlp::Signal signal_;
  const OpenFiles::Opened opened_;
  const pipeline::ExporterTelemetry telemetry_;
};

}  // namespace

pipeline::ExporterFactory file_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "file";
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& in) -> std::any {
    FileConfig config;
    decode(in, config);
    return config;
  };
  factory.create = [open_files = std::make_shared<OpenFiles>()](const pipeline::Context& context, const std::any& any_config,
                                                                otlp::Signal signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    const auto& config = std::any_cast<const FileConfig&>(any_config);
    return std::unique_ptr<pipeline::Exporter>(
        std::make_unique<FileExporter>(context, signal, open_files->get(config, context.files, context.clock)));
  };
  return factory;
}

}  // namespace vigia::exporters
