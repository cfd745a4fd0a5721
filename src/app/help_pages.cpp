#include "app/help_pages.h"

#include <array>

namespace vigia::app {

namespace {

constexpr std::array<HelpPage, 12> pages = {{
    {"up", R"(vigia up: a ready-made collector for this machine.

Takes OTLP over gRPC and HTTP and shows what comes on the console. Nothing has
to be installed or configured, and nobody else can reach it.

Usage:
  vigia up [flags]

Flags:
      --http-port N         port of the API: /health, /metrics, and the registry
                            of agents at /api/v1/agents (8080)
      --otlp-grpc-port N    port of OTLP over gRPC (4317)
      --otlp-http-port N    port of OTLP over HTTP (4318)
      --host ADDRESS        where to listen (127.0.0.1); any other address than
                            loopback needs authentication, see below
      --data-dir DIR        where the registry of agents is kept, else it is in
                            memory; made if missing        VIGIA_DATA_DIR
      --ports-file FILE     write the bound ports to FILE as JSON, once ready
      --config FILE         lay a configuration over the built-in one
      --set KEY=VALUE       change one value

A port of 0 takes a free one. With --http-port 0 the ports of the self-metrics
(8888) and of the health check (13133) are free ones, too.

Examples:
  vigia up
  vigia up --set exporters.debug.verbosity=detailed
  vigia up --http-port 0 --otlp-grpc-port 0 --otlp-http-port 0 \
           --ports-file /tmp/ports.json
  vigia load traces --endpoint 127.0.0.1:4317 --rate 1000

To listen for other machines, demand credentials in a file of your own:

  extensions:
    bearertokenauth:
      token: ${env:VIGIA_TOKEN}
  receivers:
    otlp:
      protocols:
        grpc: {auth: {authenticator: bearertokenauth}}
        http: {auth: {authenticator: bearertokenauth}}
  service:
    extensions: [health_check, bearertokenauth]

  vigia up --host 0.0.0.0 --config auth.yaml
)"},
    {"agent", R"(vigia agent: the agent of one node.

Sends the node's figures (processors, memory, disks, network, processes), what
its applications send to loopback, and the agent's own log and sends to a
collector. What was taken is kept on the disk until the collector has it.

Usage:
  vigia agent --collector-endpoint URL --customer-id ID [flags]

Flags, each with the variable that says the same:
      --collector-endpoint URL   where to send: http://collector:4317 or
                                 collector:4317, which is with TLS unless
                                 --insecure      OTEL_EXPORTER_OTLP_ENDPOINT
      --insecure                 no TLS          OTEL_EXPORTER_OTLP_INSECURE
      --protocol NAME            grpc, or http/protobuf, which is meant by
                                 port 4318       OTEL_EXPORTER_OTLP_PROTOCOL
      --customer-id ID           whose node this is              CUSTOMER_ID
      --customer-name NAME                                     CUSTOMER_NAME
      --node-id ID               which node (the host's name)        NODE_ID
      --node-region REGION                                       NODE_REGION
      --environment NAME         (production)                    ENVIRONMENT
      --host-root PATH           where the host's / is mounted, in a
                                 container, such as /hostfs        HOST_ROOT
      --health-port N            of /health and /metrics (8080)
                                                           HEALTH_CHECK_PORT
      --health-host ADDRESS      (0.0.0.0)                 HEALTH_CHECK_HOST
      --metrics-interval T       (15s)                      METRICS_INTERVAL
      --scrape HOST:PORT,...     Prometheus pages to collect    METRICS_SCRAPE
      --logs PATTERN,...         log files to send, such as
                                 '/var/log/*.log'                LOGS_INCLUDE
      --log-level LEVEL          debug, info, warn or error (info) LOG_LEVEL
      --otlp-grpc-port N         for this node's applications (4317)
      --otlp-http-port N         (4318)
      --otlp-host ADDRESS        (127.0.0.1)
      --registry-endpoint URL    where the agent registers
                                                     VIGIA_REGISTRY_ENDPOINT
      --data-dir DIR             (/var/lib/vigia)             VIGIA_DATA_DIR
      --agent-config FILE        (/etc/vigia/agent-config.yaml, if there)
      --ports-file FILE          write the bound ports to FILE as JSON
      --config FILE              lay a collector configuration over all of it
      --set KEY=VALUE            change one value of that

A flag counts more than a variable, and that more than the file. Further
variables: BUFFER_MAX_SIZE (2048 batches), TRACES_ENABLED, METRICS_ENABLED,
LOGS_ENABLED, TRACES_SAMPLE_RATE, HEALTH_CHECK_PATH, HEALTH_CHECK_TOKEN,
TELEMETRYFLOW_ENDPOINT, TELEMETRYFLOW_TENANT_ID, TELEMETRYFLOW_WORKSPACE_ID,
AGENT_HOSTNAME, AGENT_IP, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, and
OTEL_EXPORTER_OTLP_{HEADERS,TIMEOUT,COMPRESSION,CERTIFICATE,CLIENT_KEY,
CLIENT_CERTIFICATE}, also {TRACES,METRICS,LOGS}_ENDPOINT.

Examples:
  vigia agent --collector-endpoint http://collector:4317 --customer-id acme
  vigia print-config agent              what the settings come to
  curl http://localhost:8080/health
)"},
    {"edge", R"(vigia edge: a gateway for a place whose network comes and goes.

Takes OTLP from the devices around it and keeps it on the disk until the
backend has taken it, over OTLP/HTTP. Each signal has a quota of its own. When
one is full, the oldest traces or metrics are dropped, while logs are refused,
so that their senders come back with them.

Usage:
  vigia edge --endpoint URL [flags]

Flags:
      --endpoint URL        where to send, such as https://backend:4318
      --data-dir DIR        the queues are in DIR/queue, which is made
                            (/var/lib/otel-agent)
      --max-disk-mib N      for all queues together (2048): half for logs, a
                            quarter each for traces and metrics; at least 64
      --otlp-grpc-port N    port of OTLP over gRPC (4317)
      --otlp-http-port N    port of OTLP over HTTP (4318)
      --host ADDRESS        where to listen (127.0.0.1)
      --ports-file FILE     write the bound ports to FILE as JSON, once ready
      --config FILE         lay a configuration over the built-in one
      --set KEY=VALUE       change one value

Environment, below the flags:
  TELEMETRYFLOW_ENDPOINT, VIGIA_DATA_DIR, and in bytes
  VIGIA_LOGS_QUEUE_BYTES, VIGIA_TRACES_QUEUE_BYTES, VIGIA_METRICS_QUEUE_BYTES

Examples:
  vigia print-config edge
  vigia edge --host 0.0.0.0 --endpoint https://backend.example.com:4318
  vigia admin dead-letters list --storage /var/lib/otel-agent/queue
)"},
    {"gateway", R"(vigia gateway: the central collector of many customers.

Takes OTLP from the customers' agents. Telemetry has to say whose it is: data
whose resource has no attribute customer.id is refused, with a partial success
that says why.

Usage:
  vigia gateway [flags]

Flags:
      --http-port N         port of the API: /health, /metrics, and the registry
                            of agents at /api/v1/agents (8080; a free one when
                            both ports of OTLP are)
      --otlp-grpc-port N    port of OTLP over gRPC (4317)
      --otlp-http-port N    port of OTLP over HTTP (4318)
      --host ADDRESS        where to listen (127.0.0.1)
      --data-dir DIR        where the registry of agents is kept, else it is in
                            memory; made if missing        VIGIA_DATA_DIR
      --ports-file FILE     write the bound ports to FILE as JSON, once ready
      --config FILE         lay a configuration over the built-in one
      --set KEY=VALUE       change one value

Examples:
  vigia print-config gateway
  vigia gateway --host 0.0.0.0 --config exporters.yaml
)"},
    {"run", R"(vigia run: run what configuration files say.

The files are those of the OpenTelemetry Collector. Several are laid over each
other: maps are merged, lists and values are replaced, also by null.

Exporters go by the proxies of HTTP_PROXY, HTTPS_PROXY (gRPC, too) and
NO_PROXY, or by the proxy_url of their own.

Usage:
  vigia run --config FILE... [flags]
  vigia --config FILE... [flags]

Flags:
      --config FILE         a path, file:PATH, env:NAME (the variable holds the
                            text) or yaml:KEY::KEY: VALUE; repeatable
      --set KEY=VALUE       one value on top; repeatable
      --feature-gates LIST  accepted, and without effect
      --ports-file FILE     write the bound ports to FILE as JSON, once ready

Examples:
  vigia run --config collector.yaml
  vigia --config base.yaml --config site.yaml --set processors.batch.timeout=2s
  vigia --config 'yaml:service::telemetry::logs::level: debug' --config a.yaml
)"},
    {"validate", R"(vigia validate: check configuration files.

Says nothing and exits with 0 when the files can be run. Otherwise tells every
mistake with file, line, column and what was probably meant, and exits with 1.
Certificates, keys, password files and the directories of storages are looked
at, and all components are made, but nothing is started and no port opened.

Usage:
  vigia validate --config FILE... [--set KEY=VALUE...]

Example:
  vigia validate --config collector.yaml
)"},
    {"print-config", R"(vigia print-config: show what a configuration comes to.

Files are merged, ${env:NAME} and the like are replaced, --set is applied.
Passwords, tokens and keys, also those in URLs, are shown as [REDACTED].

Usage:
  vigia print-config up|edge|gateway
  vigia print-config --config FILE... [--set KEY=VALUE...]

Examples:
  vigia print-config gateway > gateway.yaml
  vigia print-config --config base.yaml --config site.yaml
)"},
    {"components", R"(vigia components: list what this program is made of.

Prints YAML: receivers, processors, exporters, connectors and extensions, each
with its other names and the signals it is for.

Usage:
  vigia components
)"},
    {"health", R"(vigia health: ask a running vigia whether it is ready.

Exits with 0 when the answer is 2xx, else with 1. Made for the health checks of
containers, which need no other tool then.

Usage:
  vigia health [flags]

Flags:
      --endpoint URL        whom to ask; without it whoever answers first of
                            http://127.0.0.1:13133/health (collectors) and
                            http://127.0.0.1:8080/health (agents); where
                            CUSTOMER_ID or another variable of an agent is
                            set, or its file is there, the agent comes
                            first, by its own port, token and TLS
      --token TOKEN         for the endpoint; the agent's own is known
      --timeout DURATION    how long to wait (5s)

Example:
  vigia health --endpoint http://127.0.0.1:8080/health/ready
)"},
    {"admin", R"(vigia admin dead-letters: what exporters could not deliver.

An exporter whose queue is on disk (sending_queue.storage) sets aside what the
other side refuses for good, with the reason. Here it is looked at, sent again
or removed, also while the collector runs.

Usage:
  vigia admin dead-letters list   [flags]
  vigia admin dead-letters show   NAME...|--all [flags]
  vigia admin dead-letters resend NAME...|--all [flags]
  vigia admin dead-letters purge  NAME...|--all [flags]

  list     a table, the oldest first
  show     all that is known of a letter, and the telemetry in it as OTLP/JSON;
           header values that look like secrets are not shown
  resend   gives letters back to the running collector, which sends them again;
           when it does not run, it does so once it is started
  purge    says how many they are and removes them for good

Flags:
      --storage DIR         the directory of the file_storage extension
                            (/var/lib/otelcol/file_storage); repeatable
      --config FILE         take the directories from a configuration instead
      --set KEY=VALUE       change one value of it
      --json                for programs: list and show print an object a line,
                            the others how many letters it were
      --all                 all that there are

NAME is what list shows. When letters of two exporters have one name, say
PIPELINE/EXPORTER/NAME as the message tells it.

Exits with 1 when a letter is not there, is damaged or cannot be moved; the
others are dealt with all the same.

Examples:
  vigia admin dead-letters list --config collector.yaml
  vigia admin dead-letters show 1764160512345-7.dead | less
  vigia admin dead-letters list --json | jq -r 'select(.customer=="a") | .path'
  vigia admin dead-letters resend --all
)"},
    {"version", R"(vigia version: tell the version of this program.

Usage:
  vigia version
  vigia --version
)"},
    {"featuregate", R"(vigia featuregate: for compatibility with the Collector.

There are no feature gates; --feature-gates is accepted and has no effect.

Usage:
  vigia featuregate
)"},
}};

}  // namespace

std::span<const HelpPage> help_pages() { return pages; }

}  // namespace vigia::app
