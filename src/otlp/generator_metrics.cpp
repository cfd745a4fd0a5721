#include <algorithm>
#include <array>
#include <span>

#include "otlp/generator_internal.h"

namespace vigia::otlp {

namespace {

enum class Shape : uint8_t { gauge_real, gauge_int, counter_int, counter_real, delta_counter, up_down, histogram, exponential, summary };

struct Dimension {
  std::string_view key;
  std::span<const std::string_view> values;
};

constexpr std::string_view states[] = {"user", "system", "idle", "iowait", "steal"};
constexpr std::string_view cores[] = {"cpu0", "cpu1", "cpu2", "cpu3", "cpu4", "cpu5", "cpu6", "cpu7"};
constexpr std::string_view devices[] = {"nvme0n1", "nvme1n1", "sda"};
constexpr std::string_view interfaces[] = {"eth0", "eth1", "lo"};
constexpr std::string_view directions[] = {"receive", "transmit"};
constexpr std::string_view accesses[] = {"read", "write"};
constexpr std::string_view memory_states[] = {"used", "free", "cached", "buffered"};
constexpr std::string_view pools[] = {"eden", "survivor", "old", "metaspace"};
constexpr std::string_view routes[] = {"/api/v1/carts/{id}", "/api/v1/orders",     "/api/v1/items/{id}",
                                       "/api/v1/prices",     "/api/v1/stock/{id}", "/healthz"};
constexpr std::string_view verbs[] = {"GET", "POST", "PUT", "DELETE"};
constexpr std::string_view statuses[] = {"200", "201", "404", "500", "503"};
constexpr std::string_view rpc_methods[] = {"GetCart", "AddItem", "PlaceOrder", "Charge", "Quote", "Reserve"};
constexpr std::string_view queues[] = {"orders", "payments", "mails", "parcels"};

constexpr Dimension cpu_dimensions[] = {{"cpu", cores}, {"state", states}};
constexpr Dimension memory_dimensions[] = {{"state", memory_states}};
constexpr Dimension disk_dimensions[] = {{"device", devices}, {"direction", accesses}};
constexpr Dimension network_dimensions[] = {{"device", interfaces}, {"direction", directions}};
constexpr Dimension pool_dimensions[] = {{"jvm.memory.pool.name", pools}};
constexpr Dimension http_dimensions[] = {{"http.route", routes}, {"http.request.method", verbs}, {"http.response.status_code", statuses}};
constexpr Dimension rpc_dimensions[] = {{"rpc.method", rpc_methods}};
constexpr Dimension queue_dimensions[] = {{"messaging.destination.name", queues}};

struct Definition {
  std::string_view name;
  std::string_view description;
  std::string_view unit;
  Shape shape;
  size_t weight;  // its part of an instance's series
  std::span<const Dimension> dimensions;
};

constexpr Definition definitions[] = {
    {"system.cpu.time", "Seconds each CPU spent in each state", "s", Shape::counter_real, 8, cpu_dimensions},
    {"system.cpu.utilization", "Part of the time each CPU spent in each state", "1", Shape::gauge_real, 6, cpu_dimensions},
    {"system.memory.usage", "Bytes of memory in each state", "By", Shape::up_down, 3, memory_dimensions},
    {"system.disk.io", "Bytes read from and written to disks", "By", Shape::counter_int, 4, disk_dimensions},
    {"system.network.io", "Bytes received and transmitted", "By", Shape::counter_int, 4, network_dimensions},
    {"process.open_file_descriptor.count", "Open file descriptors", "{count}", Shape::gauge_int, 1, {}},
    {"jvm.memory.used", "Memory in use", "By", Shape::gauge_int, 3, pool_dimensions},
    {"http.server.request.count", "Requests served", "{request}", Shape::counter_int, 8, http_dimensions},
    {"http.server.request.duration", "Duration of requests served", "ms", Shape::histogram, 6, http_dimensions},
    {"rpc.client.duration", "Duration of calls", "ms", Shape::exponential, 2, rpc_dimensions},
    {"messaging.process.count", "Messages processed since the last report", "{message}", Shape::delta_counter, 2, queue_dimensions},
    {"go.gc.duration", "Pauses of the garbage collector", "s", Shape::summary, 1, {}},
};
constexpr size_t definition_count = std::size(definitions);

constexpr uint64_t interval_ns = 10'000'000'000;
constexpr uint64_t temporality_delta = 1;
constexpr uint64_t temporality_cumulative = 2;

constexpr std::array<uint64_t, 14> bounds_ms = {5, 10, 25, 50, 75, 100, 250, 500, 750, 1'000, 2'500, 5'000, 7'500, 10'000};
// How requests spread over the buckets, and a typical duration in each.
constexpr std::array<uint64_t, 15> bucket_rates = {10, 40, 90, 120, 70, 30, 25, 12, 6, 4, 3, 1, 1, 0, 0};
constexpr std::array<uint64_t, 15> bucket_middles_ms = {3, 7, 17, 36, 61, 86, 170, 370, 620, 870, 1'700, 3'700, 6'200, 8'700, 12'000};

// 2^(i/8), times 2^20: the lower bounds of buckets at scale 3.
constexpr std::array<uint64_t, 8> eighth_powers = {1048576, 1143480, 1246974, 1359835, 1482910, 1617125, 1763488, 1923098};
constexpr size_t exponential_buckets = 20;

// One point in time of one series.
struct Sample {
  uint64_t series;  // a random number that belongs to the series
  uint64_t cycle;
  uint64_t start_ns;
  uint64_t time_ns;

  // A counter that grows by about `rate` a cycle; `which` tells several counters of one series apart.
  uint64_t counter(uint64_t rate, uint64_t which = 0) const {
    if (rate == 0) return 0;
    return cycle * rate + mixed(series + which, cycle) % rate;
  }
  // One in five counters stands still.
  uint64_t rate() const { return series % 5 == 0 ? 0 : 1 + (series >> 8) % (uint64_t{1} << (4 + (series >> 40) % 16)); }
  // Goes up and down between `least` and `least` + `width`.
  uint64_t level(uint64_t least, uint64_t width) const {
    if (series % 5 == 0) return least + series % width;
    uint64_t position = (cycle + series) % 60;
    uint64_t slope = position < 30 ? position : 60 - position;
    return least + slope * width / 60 + mixed(series, cycle) % (width / 2 + 1);
  }
};

template <size_t size>
void append_packed(std::string& out, uint32_t number, const std::array<uint64_t, size>& words) {
  append_bytes_field(out, number, {reinterpret_cast<const char*>(words.data()), sizeof words});
}

// Number points, histogram points and the others have start and time under the same numbers.
void append_times(std::string& out, const Sample& sample) {
  append_fixed64_field(out, 2, sample.start_ns);
  append_fixed64_field(out, 3, sample.time_ns);
}

void append_number_point(std::string& out, Shape shape, const Sample& sample) {
  append_times(out, sample);
  switch (shape) {
    case Shape::gauge_real:
      return append_double_field(out, 4, static_cast<double>(sample.level(0, 10'000)) / 10'000);
    case Shape::counter_real:
      return append_double_field(out, 4, static_cast<double>(sample.counter(sample.rate())) / 100);
    case Shape::gauge_int:
      return append_fixed64_field(out, 6, sample.level(20, 1 + sample.series % 100'000'000));
    case Shape::up_down:
      return append_fixed64_field(out, 6, 4096 * sample.level(1'000, 1 + sample.series % 4'000'000));
    case Shape::delta_counter:
      return append_fixed64_field(out, 6, mixed(sample.series, sample.cycle) % (1 + sample.rate()));
    default:
      return append_fixed64_field(out, 6, sample.counter(sample.rate()));
  }
}

void append_exemplar(std::string& out, uint32_t number, const Sample& sample) {
  std::string exemplar;
  uint64_t random = mixed(sample.series, sample.cycle);
  const std::array<uint64_t, 3> ids = {mixed(random, 1), mixed(random, 2) | 1, mixed(random, 3) | 1};
  append_fixed64_field(exemplar, 2, sample.time_ns - random % interval_ns);
  append_double_field(exemplar, 3, static_cast<double>(random % 100'000) / 100);
  append_bytes_field(exemplar, 4, {reinterpret_cast<const char*>(&ids[2]), 8});
  append_bytes_field(exemplar, 5, {reinterpret_cast<const char*>(ids.data()), 16});
  append_bytes_field(out, number, exemplar);
}

void append_histogram_point(std::string& out, const Sample& sample) {
  std::array<uint64_t, 15> counts{};
  uint64_t count = 0;
  uint64_t sum = 0;
  for (size_t i = 0; i < counts.size(); i++) {
    counts[i] = sample.counter(bucket_rates[i] * (1 + sample.rate() % 8) / 4, i);
    count += counts[i];
    sum += counts[i] * bucket_middles_ms[i];
  }
  append_times(out, sample);
  append_fixed64_field(out, 4, count);
  append_double_field(out, 5, static_cast<double>(sum));
  append_packed(out, 6, counts);
  std::array<uint64_t, bounds_ms.size()> bounds;
  for (size_t i = 0; i < bounds.size(); i++) bounds[i] = std::bit_cast<uint64_t>(static_cast<double>(bounds_ms[i]));
  append_packed(out, 7, bounds);
  if (mixed(sample.series, sample.cycle) % 10 == 0) append_exemplar(out, 8, sample);
  append_double_field(out, 11, static_cast<double>(1 + sample.series % 4));
  append_double_field(out, 12, static_cast<double>(4'000 + sample.series % 3'000));
}

void append_exponential_point(std::string& out, const Sample& sample) {
  uint64_t first_index = 8 + sample.series % 24;
  std::string counts;
  uint64_t count = sample.counter(3, exponential_buckets);
  uint64_t zero_count = count;
  uint64_t sum = 0;
  for (size_t i = 0; i < exponential_buckets; i++) {
    uint64_t in_bucket = sample.counter(1 + (i < 10 ? i : exponential_buckets - i), i);
    uint64_t index = first_index + i;
    append_varint(counts, in_bucket);
    count += in_bucket;
    sum += in_bucket * (eighth_powers[index % 8] << (index / 8)) >> 10;
  }
  append_times(out, sample);
  append_fixed64_field(out, 4, count);
  append_double_field(out, 5, static_cast<double>(sum) / 1024);
  append_varint_field(out, 6, 3 << 1);  // scale 3, in zigzag
  append_fixed64_field(out, 7, zero_count);
  std::string positive;
  append_varint_field(positive, 1, first_index << 1);
  append_bytes_field(positive, 2, counts);
  append_bytes_field(out, 8, positive);
}

void append_summary_point(std::string& out, const Sample& sample) {
  static constexpr std::array<uint64_t, 5> per_mille = {0, 500, 900, 990, 1'000};
  uint64_t count = sample.counter(7);
  append_times(out, sample);
  append_fixed64_field(out, 4, count);
  append_double_field(out, 5, static_cast<double>(count * 3) / 10'000);
  for (size_t i = 0; i < per_mille.size(); i++) {
    std::string quantile;
    append_double_field(quantile, 1, static_cast<double>(per_mille[i]) / 1'000);
    append_double_field(quantile, 2, static_cast<double>((i + 1) * (50 + sample.series % 100)) / 1'000'000);
    append_bytes_field(out, 6, quantile);
  }
}

// Where the attributes of a point are, and the metric's data in the Metric message.
struct Numbers {
  uint32_t data;
  uint32_t attributes;
};

Numbers numbers_of(Shape shape) {
  switch (shape) {
    case Shape::gauge_real:
    case Shape::gauge_int:
      return {5, 7};
    case Shape::histogram:
      return {9, 9};
    case Shape::exponential:
      return {10, 1};
    case Shape::summary:
      return {11, 7};
    default:
      return {7, 7};
  }
}

class MetricSource : public Generator::Source {
 public:
  explicit MetricSource(const DataSetOptions& options) : options_(options), shop_(build_shop(options)) {}
  void next_request(Appender& out) override;

 private:
  // Where the next data point is: a collection goes through all instances, their metrics and the points of these.
  struct Position {
    uint64_t cycle = 1;
    size_t instance = 0;
    size_t metric = 0;
    size_t point = 0;
  };

  size_t series_of(size_t instance) const;
  size_t points_of(size_t instance, size_t metric) const;
  // Adds metrics of the current instance, up to `most` points, and returns how many points.
  size_t append_instance(Appender& out, size_t most);
  void append_metric(const Definition& definition, size_t first, size_t count);
  void append_point(const Definition& definition, size_t point);
  void append_dimensions(const Definition& definition, size_t point);
  void go_to_next_instance();

  DataSetOptions options_;
  Shop shop_;
  Position position_;
  std::string metrics_;
  std::string data_;
  std::string point_;
};

void MetricSource::next_request(Appender& out) {
  for (size_t left = options_.batch; left > 0;) {
    size_t written = append_instance(out, left);
    left -= written;
    if (left > 0) go_to_next_instance();
  }
}

// Instances have equal parts of the series; the first ones take what does not divide.
size_t MetricSource::series_of(size_t instance) const {
  size_t count = shop_.instances.size();
  return options_.series / count + (instance < options_.series % count ? 1 : 0);
}

size_t MetricSource::points_of(size_t instance, size_t metric) const {
  static constexpr size_t total_weight = [] {
    size_t sum = 0;
    for (const Definition& definition : definitions) sum += definition.weight;
    return sum;
  }();
  size_t before = 0;
  for (size_t i = 0; i < metric; i++) before += definitions[i].weight;
  size_t series = series_of(instance);
  return series * (before + definitions[metric].weight) / total_weight - series * before / total_weight;
}

void MetricSource::go_to_next_instance() {
  position_ = {position_.cycle, position_.instance + 1, 0, 0};
  if (position_.instance == shop_.instances.size() || series_of(position_.instance) == 0) position_ = {position_.cycle + 1, 0, 0, 0};
}

size_t MetricSource::append_instance(Appender& out, size_t most) {
  metrics_.clear();
  size_t written = 0;
  while (position_.metric < definition_count && written < most) {
    size_t points = points_of(position_.instance, position_.metric);
    size_t count = std::min(points - position_.point, most - written);
    if (count > 0) append_metric(definitions[position_.metric], position_.point, count);
    written += count;
    position_.point += count;
    if (position_.point == points) {
      position_.metric++;
      position_.point = 0;
    }
  }
  if (written > 0) append_resource_group(out, shop_.instances[position_.instance], "io.opentelemetry.runtime", metrics_);
  return written;
}

void MetricSource::append_metric(const Definition& definition, size_t first, size_t count) {
  data_.clear();
  for (size_t i = first; i < first + count; i++) append_point(definition, i);
  Shape shape = definition.shape;
  if (shape != Shape::gauge_real && shape != Shape::gauge_int && shape != Shape::summary)
    append_varint_field(data_, 2, shape == Shape::delta_counter ? temporality_delta : temporality_cumulative);
  if (shape == Shape::counter_int || shape == Shape::counter_real || shape == Shape::delta_counter) append_varint_field(data_, 3, 1);
  std::string metric;
  append_bytes_field(metric, 1, definition.name);
  append_bytes_field(metric, 2, definition.description);
  append_bytes_field(metric, 3, definition.unit);
  append_bytes_field(metric, numbers_of(shape).data, data_);
  append_bytes_field(metrics_, 2, metric);
}

void MetricSource::append_point(const Definition& definition, size_t point) {
  uint64_t place = position_.instance * definition_count + position_.metric;
  uint64_t time_ns = options_.start_time_ns + position_.cycle * interval_ns + position_.instance % 100 * 1'000'000;
  bool is_delta = definition.shape == Shape::delta_counter;
  Sample sample{mixed(mixed(options_.seed, place), point), position_.cycle, is_delta ? time_ns - interval_ns : options_.start_time_ns,
                time_ns};
  point_.clear();
  append_dimensions(definition, point);
  switch (definition.shape) {
    case Shape::histogram:
      append_histogram_point(point_, sample);
      break;
    case Shape::exponential:
      append_exponential_point(point_, sample);
      break;
    case Shape::summary:
      append_summary_point(point_, sample);
      break;
    default:
      append_number_point(point_, definition.shape, sample);
  }
  append_bytes_field(data_, 1, point_);
}

// Points count through the values of the dimensions; when those are used up, a shard tells the rest apart.
void MetricSource::append_dimensions(const Definition& definition, size_t point) {
  uint32_t number = numbers_of(definition.shape).attributes;
  for (const Dimension& dimension : definition.dimensions) {
    append_attribute(point_, number, dimension.key, dimension.values[point % dimension.values.size()]);
    point /= dimension.values.size();
  }
  if (point > 0) append_attribute(point_, number, "shard", Digits(point).view());
}

}  // namespace

std::unique_ptr<Generator::Source> make_metric_source(const DataSetOptions& options) { return std::make_unique<MetricSource>(options); }

}  // namespace vigia::otlp
