// The section is read as Prometheus and the Collector read it; what we do not have is refused by name, with what to do instead.

#include "receivers/prometheus/config.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"
#include "receivers/prometheus/discovery.h"
#include "receivers/prometheus/target.h"

namespace vigia::receivers {

namespace {

auto decode_config(const std::string& yaml) {
  return pipeline::test::decode_text<PrometheusReceiverConfig>(
      yaml, [](config::Section& section, PrometheusReceiverConfig& config) { decode(section, config); });
}
auto decode_job(const std::string& keys, const std::string& global = "{}") {
  return decode_config("config:\n  global: " + global + "\n  scrape_configs:\n  - job_name: web\n" + keys);
}

TEST(PrometheusConfig, DefaultsAreThoseOfPrometheus) {
  auto decoded = decode_job("    static_configs: [{targets: [a:1]}]\n");
  ASSERT_EQ(decoded->errors(), "");
  const ScrapeJob& job = *decoded->config.jobs.at(0);
  EXPECT_EQ(job.interval_ms, 60'000);
  EXPECT_EQ(job.timeout_ms, 10'000);
  EXPECT_EQ(job.metrics_path, "/metrics");
  EXPECT_EQ(job.scheme, "http");
  EXPECT_FALSE(job.honors_labels);
  EXPECT_TRUE(job.honors_timestamps);
  EXPECT_TRUE(job.enable_compression);
  EXPECT_TRUE(job.http.follow_redirects);
  EXPECT_EQ(job.protocols.size(), 4U);
  EXPECT_EQ(job.limits.body_bytes, default_body_limit_bytes);
}

TEST(PrometheusConfig, JobsTakeWhatTheyDoNotSayFromGlobal) {
  std::string global = "{scrape_interval: 5s, sample_limit: 7, scrape_native_histograms: true, external_labels: {a: b}}";
  auto decoded = decode_config("config:\n  global: " + global + R"(
  scrape_configs:
  - {job_name: one, static_configs: [{targets: 'a:1'}]}
  - {job_name: two, scrape_interval: 1m, scrape_timeout: 30s, sample_limit: 8, scrape_native_histograms: false, body_size_limit: 1MiB}
)");
  ASSERT_EQ(decoded->errors(), "");
  const auto& jobs = decoded->config.jobs;
  EXPECT_EQ(jobs[0]->interval_ms, 5'000);
  EXPECT_EQ(jobs[0]->timeout_ms, 5'000);
  EXPECT_EQ(jobs[0]->limits.samples, 7U);
  EXPECT_EQ(jobs[0]->protocols.front(), prometheus::ScrapeProtocol::protobuf);
  EXPECT_EQ(jobs[1]->timeout_ms, 30'000);
  EXPECT_EQ(jobs[1]->limits.samples, 8U);
  EXPECT_EQ(jobs[1]->limits.body_bytes, 1U << 20);
  EXPECT_EQ(jobs[1]->protocols.size(), 4U);
  EXPECT_EQ(decoded->config.external_labels.get("a"), "b");
}

TEST(PrometheusConfig, KubernetesDiscoveryIsRefusedWithJobKeyAndAdvice) {
  auto decoded = decode_config(R"(config:
  scrape_configs:
  - job_name: 'node-exporter'
    static_configs:
    - targets: ['localhost:9100']
  - job_name: 'kubelet'
    kubernetes_sd_configs:
    - role: node
    scheme: https
    tls_config: {ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}
    bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token
)");
  EXPECT_EQ(decoded->diagnostics.error_count(), 1U) << decoded->errors();
  std::string errors = decoded->errors();
  EXPECT_NE(errors.find("test.yaml:7:5: test::config::scrape_configs[1]::kubernetes_sd_configs: job \"kubelet\": kubernetes_sd_configs "
                        "comes with a later version"),
            std::string::npos)
      << errors;
  EXPECT_NE(errors.find("leave this job out, or name its targets in static_configs"), std::string::npos) << errors;
}

TEST(PrometheusConfig, MistakesAreTold) {
  struct Case {
    std::string yaml;
    std::string_view error;
  };
  const std::string job = "config: {scrape_configs: [{job_name: a}]";
  const Case cases[] = {
      {"{}", "no scrape_configs"},
      {job + "}\nscrape_on_shutdown: true", "targets are not scraped once more at the end"},
      {job + "}\ninitial_scrape_offset: 3s", "first scrapes are spread over the interval"},
      {"config: {scrape_configs: [{job_name: a, vultr_sd_configs: [{}]}]}", "job \"a\": vultr_sd_configs is not in this build"},
      {"config: {scrape_configs: [{static_configs: []}]}", "a job needs a name"},
      {"config: {scrape_configs: [{job_name: a}, {job_name: a}]}", "there is another job \"a\""},
      {job + ", remote_write: [{url: x}]}",
       "remote_write is not supported by the prometheus receiver: use the prometheusremotewrite exporter"},
      {job + ", remote_read: [{url: x}]}", "remote_read is not supported"},
      {job + ", rule_files: [x.yml]}", "rule_files is not supported"},
      {job + ", alerting: {alertmanagers: [{}]}}", "alerting is not supported"},
      {job + "}\ntarget_allocator: {endpoint: x}", "the target allocator is not in this build"},
      {job + "}\napi_server: {enabled: true}", "the API server of the prometheus receiver is not in this build"},
      {"config: {scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]}",
       "the timeout is longer than the interval of 5s"},
      {"config: {scrape_configs: [{job_name: a, scrape_interval: 5}]}", "expected a duration such as 15s"},
      {"config: {scrape_configs: [{job_name: a, scrape_protocols: [Nonsense]}]}", "there is no protocol \"Nonsense\""},
      {"config: {scrape_configs: [{job_name: a, static_configs: [{targets: ['http://a:1/x']}]}]}", "is not an address"},
      {"config: {scrape_configs: [{job_name: a, scheme: ftp}]}", "expected one of \"http\", \"https\""},
      {"config: {scrape_configs: [{job_name: a, basic_auth: {username: u}, bearer_token: t}]}", "at most one of basic_auth"},
      {"config: {scrape_configs: [{job_name: a, authorization: {type: Basic}}]}", "write basic_auth instead"},
      {"config: {scrape_configs: [{job_name: a, oauth2: {client_id: x}}]}", "OAuth 2 is not in this build"},
      {"config: {scrape_configs: [{job_name: a, tls_config: {min_version: 1.2}}]}", "expected TLS10, TLS11, TLS12 or TLS13"},
      {"config: {scrape_configs: [{job_name: a, file_sd_configs: [{files: ['x/*/y.json']}]}]}", "with * only in its last part"},
      {"config: {scrape_configs: [{job_name: a, http_sd_configs: [{}]}]}", "the url is missing"},
      {"config: {scrape_configs: [{job_name: a, consul_sd_configs: [{}]}]}", "job \"a\": consul_sd_configs is not in this build"},
      {"config: {scrape_configs: [{job_name: a, metric_relabel_configs: [{action: keepp}]}]}", "did you mean \"keep\"?"},
      {"config: {scrape_configs: [{job_name: a, honor_label: true}]}", "did you mean \"honor_labels\"?"},
      {"config: {scrape_configs: [{job_name: a, convert_classic_histograms_to_nhcb: true}]}", "not in this build"},
  };
  for (const Case& one : cases) {
    auto decoded = decode_config(one.yaml);
    EXPECT_NE(decoded->errors().find(one.error), std::string::npos) << one.yaml << "\n" << decoded->errors();
  }
  EXPECT_EQ(decode_config(job + ", global: {query_max_series: 3}}\nscrape_on_shutdown: false\ndiscovery_reload_on_startup: true")->errors(),
            "");
  EXPECT_EQ(decode_config(job + ", remote_write: [], rule_files: null}\napi_server: {enabled: false}")->errors(), "");
}

// The target of one address and group, or the error.
Result<std::optional<Target>> target_of(const std::string& keys, const std::string& address, const prometheus::LabelList& labels = {}) {
  auto decoded = decode_job(keys);
  EXPECT_EQ(decoded->errors(), "");
  return make_target(*decoded->config.jobs[0], address, labels);
}

TEST(PrometheusConfig, ACustomerIsTheReceiversOrTheJobs) {
  auto decoded = decode_config(
      "customer: a\nconfig: {scrape_configs: [{job_name: x, static_configs: [{targets: ['h:1']}]}, {job_name: y, customer: b}]}");
  ASSERT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->config.jobs[0]->customer, "a");
  EXPECT_EQ(decoded->config.jobs[1]->customer, "b");
  EXPECT_NE(decode_config("config: {scrape_configs: [{job_name: x, customer: 'a b'}]}")->errors().find("customer: expected letters"),
            std::string::npos);
}

TEST(Targets, LabelsBecomeAUrl) {
  auto target = target_of("    params: {module: [http, second], x: ['a b&c']}\n", "host:81", {{"__meta_zone", "z"}, {"env", "prod"}});
  ASSERT_TRUE(target.is_ok() && *target);
  EXPECT_EQ((*target)->url(), "http://host:81/metrics?module=http&module=second&x=a+b%26c");
  EXPECT_EQ((*target)->labels.to_string(), R"({env="prod", instance="host:81", job="web"})");

  target = target_of(R"(    relabel_configs:
    - {source_labels: [__address__], target_label: __param_target}
    - {source_labels: [__meta_zone], target_label: zone}
    - {target_label: __address__, replacement: 'prober'}
    - {target_label: __scheme__, replacement: https}
    - {target_label: __metrics_path__, replacement: /probe}
    - {target_label: __scrape_interval__, replacement: 1m30s}
    - {source_labels: [__param_target], target_label: instance}
)",
                     "site:1", {{"__meta_zone", "z"}});
  ASSERT_TRUE(target.is_ok() && *target);
  EXPECT_EQ((*target)->url(), "https://prober:443/probe?target=site%3A1");
  EXPECT_EQ((*target)->interval_ms, 90'000);
  EXPECT_EQ((*target)->labels.to_string(), R"({instance="site:1", job="web", zone="z"})");
  EXPECT_EQ((*target_of("", "[::1]:9"))->url(), "http://[::1]:9/metrics");
}

TEST(Targets, DroppedAndImpossibleOnes) {
  auto dropped = target_of("    relabel_configs: [{source_labels: [__address__], regex: 'a.*', action: drop}]\n", "abc:1");
  EXPECT_TRUE(dropped.is_ok() && !*dropped);
  for (std::string_view keys : {"    relabel_configs: [{target_label: __scheme__, replacement: ftp}]\n",
                                "    relabel_configs: [{target_label: __address__, replacement: ''}]\n",
                                "    relabel_configs: [{target_label: __address__, replacement: 'a/b'}]\n",
                                "    relabel_configs: [{target_label: __scrape_timeout__, replacement: 1h}]\n",
                                "    relabel_configs: [{target_label: __scrape_interval__, replacement: soon}]\n"})
    EXPECT_FALSE(target_of(std::string(keys), "abc:1").is_ok()) << keys;
  EXPECT_FALSE(target_of("", "abc:99999").is_ok());
}

TEST(Targets, WildcardsOfFiles) {
  EXPECT_TRUE(matches_wildcard("a*.json", "abc.json"));
  EXPECT_TRUE(matches_wildcard("*", ""));
  EXPECT_TRUE(matches_wildcard("*a*b*", "xxaxbx"));
  EXPECT_FALSE(matches_wildcard("*a*b*", "xxbxa"));
  EXPECT_FALSE(matches_wildcard("a*.json", "a.yml"));
  EXPECT_FALSE(matches_wildcard("a*a", "a"));
}

}  // namespace

}  // namespace vigia::receivers
