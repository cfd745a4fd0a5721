// The scraper `network`: traffic of the interfaces, TCP connections by their state, the table of connection tracking.

#include "base/text.h"
#include "host/node_meters.h"
#include "host/tcp_connections.h"
#include "receivers/hostmetrics/name_filter.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;
constexpr Presence by_default = Presence::by_default;

enum Metric : size_t { connections, tracked_count, tracked_max, dropped, errors, io, packets };
constexpr std::array<MetricFact, 7> facts = {{
    {"system.network.connections",
     "Connections by their state.",
     "{connections}",
     MetricKind::sum,
     false,
     by_default,
     {"protocol", "state"}},
    {"system.network.conntrack.count", "Entries in the table of connection tracking.", "{entries}", MetricKind::sum, false,
     Presence::when_asked},
    {"system.network.conntrack.max", "Entries that the table of connection tracking can hold.", "{entries}", MetricKind::sum, false,
     Presence::when_asked},
    {"system.network.dropped", "Packets dropped.", "{packets}", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.network.errors", "Packets that were broken.", "{errors}", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.network.io", "Bytes sent and received.", "By", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.network.packets", "Packets sent and received.", "{packets}", MetricKind::sum, true, by_default, {"device", "direction"}},
}};

// Between two looks at the time.
constexpr size_t piece_bytes = 256 << 10;

struct NetworkConfig {
  std::vector<MetricChoice> choices;
  NameFilter interfaces;
};

class NetworkScraper final : public Scraper {
 public:
  NetworkScraper(const ScraperEnvironment& environment, NetworkConfig config)
      : config_(std::move(config)),
        failures_(environment.log, environment.errored_points),
        meter_(environment.files, environment.root_path),
        connections_(environment.files, environment.root_path),
        tracked_count_file_(environment.files, host::below_root(environment.root_path, "/proc/sys/net/netfilter/nf_conntrack_count")),
        tracked_max_file_(environment.files, host::below_root(environment.root_path, "/proc/sys/net/netfilter/nf_conntrack_max")) {
    for (size_t state = 1; state < state_attributes_.size(); state++)
      state_attributes_[state] = make_attributes({{"protocol", "tcp"}, {"state", host::tcp_state_names[state]}});
  }

  bool scrape(Round& round) override {
    if (!std::exchange(is_counting_connections_, true)) {
      write_traffic(round);
      write_tracked(round, tracked_count, tracked_count_file_);
      write_tracked(round, tracked_max, tracked_max_file_);
    }
    if (config_.choices[connections].is_wanted && !count_connections(round)) return false;
    is_counting_connections_ = false;
    return true;
  }
  void give_up() override { is_counting_connections_ = false; }

 private:
  struct Names {
    std::string interface;
    std::string sent;
    std::string received;
  };

  void write_traffic(Round& round) {
    auto interfaces = meter_.read_interfaces();
    if (!interfaces.is_ok()) {
      failures_.add("network interfaces", interfaces.status(), 4);
      return;
    }
    chosen_.clear();
    for (const host::NetworkInterface& one : **interfaces)
      if (config_.interfaces.lets_pass(one.name)) chosen_.push_back(one);
    name_interfaces();
    write_one(round, packets, &host::InterfaceTraffic::packets);
    write_one(round, dropped, &host::InterfaceTraffic::dropped);
    write_one(round, errors, &host::InterfaceTraffic::errors);
    write_one(round, io, &host::InterfaceTraffic::bytes);
  }

  // Attributes are made anew only where another interface stands in the list than before.
  void name_interfaces() {
    names_.resize(chosen_.size());
    for (size_t i = 0; i < names_.size(); i++) {
      std::string_view name = chosen_[i].name;
      if (names_[i].interface == name) continue;
      names_[i] = {std::string(name), make_attributes({{"device", name}, {"direction", "transmit"}}),
                   make_attributes({{"device", name}, {"direction", "receive"}})};
    }
  }

  void write_one(Round& round, Metric metric, uint64_t host::InterfaceTraffic::*value) {
    MetricPoints points(round, facts[metric], config_.choices[metric]);
    for (size_t i = 0; i < chosen_.size(); i++) {
      points.add(chosen_[i].sent.*value, names_[i].sent);
      points.add(chosen_[i].received.*value, names_[i].received);
    }
  }

  void write_tracked(Round& round, Metric metric, host::ProcFile& file) {
    if (!config_.choices[metric].is_wanted) return;
    Result<std::string_view> text = file.read();
    std::optional<int64_t> number = text.is_ok() ? parse_int(trim(*text)) : std::nullopt;
    if (number && *number >= 0)
      MetricPoints(round, facts[metric], config_.choices[metric]).add(static_cast<uint64_t>(*number));
    else
      failures_.add(facts[metric].name, text.is_ok() ? internal_error(file.path() + ": no number") : text.status(), 1);
  }

  // False when the slice of time was over before the end.
  bool count_connections(Round& round) {
    for (;;) {
      Result<bool> is_done = connections_.read_on(piece_bytes);
      if (!is_done.is_ok()) {
        failures_.add("connections", is_done.status(), 1);
        return true;
      }
      if (*is_done) break;
      if (round.is_slice_over()) return false;
    }
    MetricPoints points(round, facts[connections], config_.choices[connections]);
    for (size_t state = 1; state < state_attributes_.size(); state++) points.add(connections_.counts()[state], state_attributes_[state]);
    return true;
  }

  const NetworkConfig config_;
  Failures failures_;
  host::NetworkMeter meter_;
  host::TcpConnections connections_;
  host::ProcFile tracked_count_file_;
  host::ProcFile tracked_max_file_;
  std::vector<host::NetworkInterface> chosen_;
  std::vector<Names> names_;
  std::array<std::string, host::tcp_state_names.size()> state_attributes_;
  bool is_counting_connections_ = false;
};

}  // namespace

ScraperMaker decode_network_scraper(config::Section& in) {
  NetworkConfig config;
  config.interfaces.decode(in, "include", "exclude", "interfaces");
  config.choices = decode_metric_choices(in, facts);
  return [config](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<NetworkScraper>(environment, config);
  };
}

}  // namespace vigia::receivers
