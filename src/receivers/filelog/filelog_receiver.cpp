#include <map>
#include <utility>

#include "base/guarded.h"
#include "pipeline/storage.h"
#include "receivers/filelog/config.h"
#include "receivers/filelog/factory.h"
#include "receivers/filelog/positions.h"
#include "receivers/filelog/tail_loop.h"

namespace vigia::receivers {

namespace {

// Positions by receiver, for its successor after a reload when there is no storage.
using Handover = Guarded<std::map<std::string, std::string>>;

class FilelogReceiver final : public pipeline::Receiver {
 public:
  FilelogReceiver(const pipeline::Context& context, const FilelogConfig& config, pipeline::Consumer& output,
                  std::shared_ptr<Handover> handover)
      : context_(context), config_(config), output_(output), handover_(std::move(handover)) {}

  Status start() override {
    ASSIGN_OR_RETURN(auto run, make_run(config_.operators));
    std::unique_ptr<operators::ChainRun> header_run;
    if (config_.header) {
      ASSIGN_OR_RETURN(header_run, make_run(config_.header->operators));
    }
    TailLoop::Memory memory;
    RETURN_IF_ERROR(remember(memory));
    tail_ = std::make_shared<TailLoop>(context_, config_, output_, std::move(run), std::move(header_run), std::move(memory));
    Status restored = tail_->restore();
    if (!restored.is_ok()) keep_damaged(restored);
    context_.background.loop().post([tail = tail_] { tail->begin(); });
    return {};
  }

  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override {
    context_.background.loop().post([tail = std::move(tail_), deadline_steady_ms, stopped = std::move(stopped)]() mutable {
      TailLoop& loop = *tail;
      // It lives until it has stopped, and its last task is the one that says so.
      loop.stop(deadline_steady_ms, [tail = std::move(tail), stopped = std::move(stopped)]() mutable { stopped(); });
    });
  }

 private:
  Result<std::unique_ptr<operators::ChainRun>> make_run(const operators::Chain& chain) {
    return operators::ChainRun::create(chain, {.clock = context_.clock,
                                               .files = context_.files,
                                               .metrics = context_.metrics,
                                               .ledger = context_.ledger,
                                               .log = context_.log,
                                               .receiver = context_.id.to_string(),
                                               .environment = context_.environment,
                                               .customer = config_.customer});
  }

  Status remember(TailLoop::Memory& memory) {
    if (config_.storage.empty()) {
      memory.positions = handover_->with([&](auto& positions) {
        auto found = positions.extract(context_.id.to_string());
        return found ? std::move(found.mapped()) : std::string();
      });
      memory.keeps_at_end = true;
      memory.keep = [handover = handover_, id = context_.id.to_string()](const std::string& text) {
        handover->with([&](auto& positions) { positions[id] = text; });
        return Status();
      };
      return {};
    }
    ASSIGN_OR_RETURN(const pipeline::Storage* storage,
                     pipeline::find_storage(context_.find_extension, pipeline::ComponentId::parse(config_.storage)));
    const std::string& directory = storage->storage().directory;
    RETURN_IF_ERROR(context_.files.create_directories(positions_directory(directory)));
    path_ = positions_path(directory, context_.id.to_string());
    Result<std::string> kept = context_.files.read_file(path_);
    if (!kept.is_ok() && kept.status().code() != StatusCode::not_found) return std::move(kept).status();
    if (kept.is_ok()) memory.positions = std::move(*kept);
    memory.keep = [&files = context_.files, path = path_](const std::string& text) { return files.write_file_atomically(path, text); };
    return {};
  }

  void keep_damaged(const Status& why) {
    std::string aside = path_ + ".damaged";
    Status moved = context_.files.rename(path_, aside);
    context_.log.error("the positions of log files are damaged; all files are read from their beginning",
                       {{"file", moved.is_ok() ? aside : path_}, {"error", why}});
  }

  const pipeline::Context context_;
  const FilelogConfig config_;
  pipeline::Consumer& output_;
  const std::shared_ptr<Handover> handover_;
  std::string path_;
  std::shared_ptr<TailLoop> tail_;
};

}  // namespace

pipeline::ReceiverFactory filelog_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "filelog";
  factory.aliases = {"file_log"};
  factory.signals = {otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    FilelogConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [handover = std::make_shared<Handover>()](
                       const pipeline::Context& context, const std::any& config,
                       const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<FilelogReceiver>(context, std::any_cast<const FilelogConfig&>(config), *outputs.logs, handover));
  };
  return factory;
}

}  // namespace vigia::receivers
