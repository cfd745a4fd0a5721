#include "exporters/prometheusremotewrite/config.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "prometheus/translate_config.h"

namespace vigia::exporters {

namespace {

constexpr uint64_t most_shards = 256;
constexpr std::array<std::string_view, 4> reserved_headers = {"content-encoding", "content-type", "user-agent",
                                                              "x-prometheus-remote-write-version"};

bool is_reserved(std::string_view lower_case_header) {
  return std::find(reserved_headers.begin(), reserved_headers.end(), lower_case_header) != reserved_headers.end();
}

void decode_client(config::Section& section, pipeline::HttpClientConfig& client) {
  client.has_fixed_body = true;
  pipeline::decode_http_client(section, client);
  std::string compression = "snappy";
  section.field("compression", compression);
  section.require(compression == "snappy" || compression.empty(), "compression", "remote write knows only snappy");
  section.accept_ignored("compression_params");
  section.require(!client.endpoint.empty(), "endpoint",
                  "an endpoint is required: the URL to write to, such as \"endpoint: http://prometheus:9090/api/v1/write\"");
  for (const auto& [name, value] : client.headers)
    if (is_reserved(name)) section.warn("headers", "the header " + name + " is the protocol's and cannot be changed");
  std::erase_if(client.headers, [](const auto& header) { return is_reserved(header.first); });
}

// The keys of HTTP stand in `http`, or, as they used to, beside the others.
void decode_http(config::Section& section, pipeline::HttpClientConfig& client) {
  if (!section.has("http")) return decode_client(section, client);
  section.section("http", [&](config::Section& part) { decode_client(part, client); });
}

void decode_old_queue(config::Section& section, pipeline::QueueConfig& queue) {
  section.section("remote_write_queue", [&](config::Section& part) {
    part.field("enabled", queue.is_enabled);
    part.field("queue_size", queue.size);
    part.field("num_consumers", queue.consumers);
    part.require(!queue.is_enabled || queue.size > 0, "queue_size", "must be positive");
  });
  section.require(!section.has("remote_write_queue") || !section.has("sending_queue"), "remote_write_queue",
                  "sending_queue takes its place: give only one of them");
}

// Requests follow one another, each as several shards that are sent side by side.
void decode_sending(config::Section& section, RemoteWriteConfig& out) {
  pipeline::SenderConfig& sender = out.sender;
  sender.timeout_ms = 5'000;
  sender.queue.size = 10'000;
  sender.queue.consumers = 5;
  sender.retry.initial_interval_ms = 50;
  sender.retry.max_interval_ms = 200;
  sender.retry.max_elapsed_time_ms = 60'000;
  decode_old_queue(section, sender.queue);
  pipeline::decode_sender(section, sender);
  uint64_t shards = sender.queue.consumers;
  section.field("max_batch_request_parallelism", shards);
  section.require(shards >= 1 && shards <= most_shards, "max_batch_request_parallelism", "must be from 1 to 256");
  out.shards = static_cast<uint32_t>(std::clamp<uint64_t>(shards, 1, most_shards));
  sender.queue.consumers = 1;
  sender.queue.keeps_order = true;
  // Without a queue who sends waits for the result; those who wait at one time still come one after the other.
  if (!sender.queue.is_enabled) {
    sender.queue = {};
    sender.queue.consumers = 1;
    sender.queue.size = 10'000;
    sender.queue.keeps_order = true;
    sender.queue.waits_for_result = true;
  }
  if (sender.overflow)
    section.error("overflow", "what comes back from an overflow is out of order, which Prometheus refuses: give sending_queue more room");
  section.accept_deprecated(
      "wal", "it has no effect. Instead, \"sending_queue: {storage: file_storage}\" keeps what waits on the disk, and in order");
}

void decode_labels(config::Section& section, prometheus::TranslateSettings& settings) {
  std::map<std::string, std::string> labels;
  section.field("external_labels", labels);
  for (const auto& [name, value] : labels) {
    section.require(!name.empty() && !value.empty(), "external_labels", "names and values of labels must not be empty");
    settings.external_labels.emplace_back(name, value);
  }
  bool has_no_scope = false;
  section.field("disable_scope_info", has_no_scope);
  settings.has_scope_labels = !has_no_scope;
  section.section("target_info", [&](config::Section& part) { part.field("enabled", settings.has_target_info); });
}

void decode_message(config::Section& section, RemoteWriteConfig& out) {
  section.choice(
      "protobuf_message", out.write.version,
      {{"prometheus.WriteRequest", prometheus::WriteVersion::v1}, {"io.prometheus.write.v2.Request", prometheus::WriteVersion::v2}});
  bool is_plain = !prometheus::keeps_utf8(out.series.translate.strategy);
  section.require(is_plain || out.write.version == prometheus::WriteVersion::v2, "translation_strategy",
                  "names in UTF-8 need \"protobuf_message: io.prometheus.write.v2.Request\"");
  section.field("send_metadata", out.write.has_metadata);
  uint64_t most_bytes = out.write.max_bytes;
  if (section.size_bytes("max_batch_size_bytes", most_bytes) && most_bytes > 0) out.write.max_bytes = most_bytes;
  section.field("convert_explicit_histograms_to_nhcb", out.series.has_custom_bucket_histograms);
  bool keeps_classic = false;
  section.field("keep_classic_histograms", keeps_classic);
  out.series.has_classic_histograms = keeps_classic || !out.series.has_custom_bucket_histograms;
}

}  // namespace

void decode(config::Section& section, RemoteWriteConfig& out) {
  decode_http(section, out.client);
  decode_sending(section, out);
  prometheus::decode_translation(section, out.series.translate);
  decode_labels(section, out.series.translate);
  decode_message(section, out);
  section.accept_deprecated("export_created_metric",
                            "it has no effect: series of creation times are not written, as the Collector does it now");
  section.field("include_metadata_keys", out.metadata_keys);
  for (std::string& key : out.metadata_keys) {
    key = to_lower(key);
    section.require(!is_reserved(key), "include_metadata_keys", "the header " + key + " is the protocol's and cannot be changed");
  }
}

}  // namespace vigia::exporters
