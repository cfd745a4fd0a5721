#include "app/components.h"

#include "app/prometheus_by_endpoint.h"
#include "connectors/forward/factory.h"
#include "exporters/debug/factory.h"
#include "exporters/file/factory.h"
#include "exporters/nop/factory.h"
#include "exporters/otlp/factory.h"
#include "exporters/otlphttp/factory.h"
#include "exporters/prometheus/factory.h"
#include "exporters/prometheusremotewrite/factory.h"
#include "extensions/agent_registration/factory.h"
#include "extensions/agent_registry/factory.h"
#include "extensions/basicauth/factory.h"
#include "extensions/bearertokenauth/factory.h"
#include "extensions/file_storage/factory.h"
#include "extensions/health_check/factory.h"
#include "extensions/pprof/factory.h"
#include "processors/agent_recognition/factory.h"
#include "processors/attributes/factory.h"
#include "processors/batch/factory.h"
#include "processors/filter/factory.h"
#include "processors/memory_limiter/factory.h"
#include "processors/probabilistic_sampler/factory.h"
#include "processors/resource/factory.h"
#include "processors/resourcedetection/factory.h"
#include "receivers/agent/factory.h"
#include "receivers/filelog/factory.h"
#include "receivers/fluentforward/factory.h"
#include "receivers/hostmetrics/factory.h"
#include "receivers/otlp/factory.h"
#include "receivers/prometheus/factory.h"

namespace vigia::app {

namespace {

// Components of the Collector and its contrib distribution that we do not have. One name a line would fill three screens.
// clang-format off
std::vector<std::string> known_elsewhere() {
  return {
      // Receivers.
      "activedirectoryds", "apache", "awscloudwatch", "awscontainerinsightreceiver", "awsfirehose", "awsxray", "azureblob", "azureeventhub",
      "azuremonitor", "carbon", "chrony", "cloudfoundry", "collectd", "couchdb", "datadog", "docker_stats", "elasticsearch", "expvar",
      "filestats", "googlecloudpubsub", "googlecloudspanner", "haproxy", "httpcheck", "iis", "influxdb", "jaeger",
      "jmx", "journald", "k8s_cluster", "k8s_events", "k8sobjects", "kafka", "kafkametrics", "kubeletstats", "loki", "memcached", "mongodb",
      "mongodbatlas", "mysql", "netflow", "nginx", "nop", "nsxt", "opencensus", "oracledb", "otlpjsonfile", "podman_stats", "postgresql",
      "prometheus_simple", "prometheusremotewrite", "pulsar", "purefa", "purefb", "rabbitmq", "receiver_creator", "redis", "riak", "saphana", "sapm",
      "signalfx", "simpleprometheus", "skywalking", "snmp", "snowflake", "solace", "splunk_hec", "sqlquery", "sqlserver", "sshcheck", "statsd",
      "syslog", "tcplog", "tcpcheck", "udplog", "vcenter", "wavefront", "webhookevent", "windowseventlog", "windowsperfcounters", "zipkin",
      "zookeeper",
      // Processors.
      "cumulativetodelta", "datadogsemantics", "deltatocumulative", "deltatorate", "experimental_metricsgeneration", "geoip", "groupbyattrs",
      "groupbytrace", "interval", "k8sattributes", "logdedup", "logstransform", "metricsgeneration", "metricstransform", "redaction",
      "remotetap", "routing", "schema", "servicegraph", "span", "spanmetrics", "sumologic", "tail_sampling", "transform",
      "unroll",
      // Exporters.
      "alertmanager", "awscloudwatchlogs", "awsemf", "awskinesis", "awss3", "azuredataexplorer", "cassandra", "clickhouse", "coralogix",
      "dynatrace", "googlecloud", "googlemanagedprometheus", "honeycombmarker", "instana", "loadbalancing", "logicmonitor",
      "logzio", "mezmo", "opensearch", "otelarrow", "parquet", "sentry", "tanzuobservability",
      "tencentcloud_logservice",
      // Connectors.
      "count", "exceptions", "failover", "grafanacloud", "roundrobin", "sampling", "signaltometrics", "sum",
      // Extensions.
      "ack", "asapclient", "awsproxy", "db_storage", "docker_observer", "ecs_observer", "ecs_task_observer", "encoding",
      "googleclientauth", "headers_setter", "healthcheckv2", "host_observer", "http_forwarder", "jaegerremotesampling", "k8s_observer",
      "memory_ballast", "oauth2client", "oidc", "opamp", "redis_storage", "sigv4auth", "solarwindsapmsettings", "zpages",
  };
}
// clang-format on

}  // namespace

pipeline::Components all_components() {
  pipeline::Components components;
  // clang-format off
  components.receivers = {
      receivers::agent_receiver(),
      receivers::filelog_receiver(),
      receivers::fluentforward_receiver(),
      receivers::hostmetrics_receiver(),
      receivers::otlp_receiver(),
      receivers::prometheus_receiver(),
  };
  components.processors = {
      processors::agent_recognition_processor(),
      processors::attributes_processor(),
      processors::batch_processor(),
      processors::filter_processor(),
      processors::memory_limiter_processor(),
      processors::probabilistic_sampler_processor(),
      processors::resource_processor(),
      processors::resourcedetection_processor(),
  };
  components.exporters = {
      exporters::debug_exporter(),
      exporters::file_exporter(),
      exporters::logging_exporter(),
      exporters::nop_exporter(),
      exporters::otlp_exporter(),
      exporters::otlphttp_exporter(),
      prometheus_by_endpoint(exporters::prometheus_exporter(), exporters::prometheus_remote_write_exporter()),
      exporters::prometheus_remote_write_exporter(),
  };
  components.connectors = {
      connectors::forward_connector(),
  };
  components.extensions = {
      extensions::agent_registration_extension(),
      extensions::agent_registry_extension(),
      extensions::basicauth_extension(),
      extensions::bearertokenauth_extension(),
      extensions::file_storage_extension(),
      extensions::health_check_extension(),
      extensions::pprof_extension(),
  };
  // clang-format on
  components.not_in_this_build = known_elsewhere();
  return components;
}

}  // namespace vigia::app
