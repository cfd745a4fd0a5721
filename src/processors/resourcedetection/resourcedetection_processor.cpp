#include "processors/resourcedetection/resourcedetection_processor.h"

#include "otlp/rewrite.h"
#include "processors/resourcedetection/factory.h"

namespace vigia::processors {

namespace {

// Further batches are told to come again.
constexpr size_t most_waiting_batches = 1'000;

Labels labels_of(const pipeline::Context& context) { return {{"processor", context.id.to_string()}}; }

}  // namespace

ResourceDetectionProcessor::ResourceDetectionProcessor(const pipeline::Context& context, const ResourceDetectionConfig& config,
                                                       pipeline::Consumer& next)
    : context_(context),
      config_(config),
      next_(next),
      loop_(context.loops.at(0)),
      attributes_(context.metrics.gauge("vigia_resourcedetection_attributes", "Attributes that detectors found.", labels_of(context))),
      incomplete_(context.metrics.counter("vigia_resourcedetection_incomplete", "Detections that ended before all detectors had answered.",
                                          labels_of(context))),
      refused_(context.metrics.counter("vigia_resourcedetection_refused_batches",
                                       "Batches refused because too many waited for the detectors.", labels_of(context))),
      waiting_(context.metrics.observe_gauge(
          "vigia_resourcedetection_waiting_batches", "Batches that wait for the detectors.", labels_of(context),
          [this] { return state_.with([](const State& s) { return static_cast<double>(s.waiting.size()); }); })) {}

Status ResourceDetectionProcessor::start() {
  loop_.post([this] { detect(); });
  return {};
}

void ResourceDetectionProcessor::detect() {
  detection_ = std::make_shared<Detection>(context_, config_, loop_);
  detection_->begin([this](Detection::Outcome outcome) { on_detected(std::move(outcome)); });
}

void ResourceDetectionProcessor::on_detected(Detection::Outcome outcome) {
  bool is_first = state_.with([](const State& state) { return state.is_detecting; });
  if (!outcome.is_complete) incomplete_.add();
  // What was found earlier is better than a part of it.
  if (is_first || outcome.is_complete) {
    context_.log.info("Detected the resource", {{"attributes", outcome.attributes.names()}});
    attributes_.set(static_cast<double>(outcome.attributes.entries().size()));
    release(editor_for(outcome.attributes));
  }
  detect_again_later();
}

void ResourceDetectionProcessor::detect_again_later() {
  if (config_.refresh_interval_ms == 0) return;
  refresh_timer_ = loop_.run_after_ms(config_.refresh_interval_ms, [this] {
    refresh_timer_ = 0;
    detect();
  });
}

std::shared_ptr<const ottl::AttributeEditor> ResourceDetectionProcessor::editor_for(const FoundAttributes& found) const {
  if (found.entries().empty()) return nullptr;
  std::vector<ottl::AttributeAction> actions;
  for (const auto& [name, value] : found.entries()) {
    ottl::AttributeAction action;
    action.kind = config_.overrides ? ottl::ActionKind::upsert : ottl::ActionKind::insert;
    action.key = name;
    action.value = value;
    actions.push_back(std::move(action));
  }
  auto editor = ottl::AttributeEditor::compile(actions);
  if (editor.is_ok()) return std::make_shared<const ottl::AttributeEditor>(std::move(*editor));
  context_.log.error("cannot add the detected attributes", {{"error", editor.status()}});
  return nullptr;
}

void ResourceDetectionProcessor::release(std::shared_ptr<const ottl::AttributeEditor> editor) {
  Waiting waiting = state_.with([&](State& state) {
    state.is_detecting = false;
    state.editor = editor;
    return std::exchange(state.waiting, {});
  });
  for (auto& [batch, done] : waiting) pass_on(editor.get(), std::move(batch), std::move(done));
}

void ResourceDetectionProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  enum class Way : uint8_t { on, waits, refused };
  std::shared_ptr<const ottl::AttributeEditor> editor;
  Way way = state_.with([&](State& state) {
    editor = state.editor;
    if (!state.is_detecting) return Way::on;
    if (state.waiting.size() >= most_waiting_batches) return Way::refused;
    state.waiting.emplace_back(std::move(batch), std::move(done));
    return Way::waits;
  });
  if (way == Way::waits) return;
  if (way == Way::on) return pass_on(editor.get(), std::move(batch), std::move(done));
  refused_.add();
  done(unavailable("too much data waits until it is known what machine this is; send it again later").retryable_after_ms(1000));
}

void ResourceDetectionProcessor::pass_on(const ottl::AttributeEditor* editor, pipeline::Batch batch, pipeline::Done done) {
  using otlp::Place;
  constexpr uint32_t attributes = otlp::ResourceView::attributes_number;
  if (editor) {
    const ottl::EditContext context = editor->context_of({});
    auto decide = [&](const Place&, std::string_view resource) {
      return editor->affects(resource, attributes) ? otlp::Verdict::edit : otlp::Verdict::keep;
    };
    auto edit = [&](const Place&, std::string_view resource, Appender& out) { editor->apply(resource, attributes, context, out); };
    Chain edited;
    for (const Slice& request : batch.payload.slices()) edited.append(otlp::rewrite_some(request, otlp::Level::resource, decide, edit));
    batch.payload = std::move(edited);
  }
  next_.consume(std::move(batch), std::move(done));
}

void ResourceDetectionProcessor::stop(int64_t, Function<void()> stopped) {
  loop_.post([this, stopped = std::move(stopped)]() mutable {
    loop_.cancel_timer(std::exchange(refresh_timer_, 0));
    // What still waits goes on as it is, while everything downstream works.
    if (state_.with([](const State& state) { return state.is_detecting; })) release(nullptr);
    if (!detection_) return stopped();
    detection_->abandon([this, stopped = std::move(stopped)]() mutable {
      detection_.reset();
      stopped();
    });
  });
}

pipeline::ProcessorFactory resourcedetection_processor() {
  pipeline::ProcessorFactory factory;
  factory.type = "resourcedetection";
  factory.aliases = {"resource_detection"};
  factory.signals = {otlp::Signal::traces, otlp::Signal::metrics, otlp::Signal::logs};
  factory.decode = [](config::Section& section) -> std::any {
    ResourceDetectionConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config, otlp::Signal,
                      pipeline::Consumer& next) -> Result<std::unique_ptr<pipeline::Processor>> {
    return std::unique_ptr<pipeline::Processor>(
        std::make_unique<ResourceDetectionProcessor>(context, *std::any_cast<ResourceDetectionConfig>(&config), next));
  };
  return factory;
}

}  // namespace vigia::processors
