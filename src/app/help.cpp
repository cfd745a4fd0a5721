#include "app/help.h"

#include "app/help_pages.h"

namespace vigia::app {

namespace {

constexpr std::string_view general_page = R"(vigia collects, processes and forwards telemetry: traces, metrics and logs.

It runs the configuration files of the OpenTelemetry Collector as they are:

  vigia --config=collector.yaml      in the place of otelcol-contrib
  vigia up                           try it on this machine, no file needed

Usage:
  vigia <command> [flags]
  vigia --config FILE [flags]

Run:
  up            a ready-made collector for this machine, shown on the console
  agent         the agent of one node: host metrics, logs and what the node's
                applications send, to a collector
  edge          a gateway for a place whose network comes and goes
  gateway       the central collector of many customers
  run           what a configuration file says (also without the word "run")

Configurations:
  validate      check configuration files and tell all mistakes at once
  print-config  show what a role or a set of files comes to, secrets hidden
  components    list the receivers, processors, exporters, connectors and
                extensions of this program

Tools:
  health        ask a running vigia whether it is ready; exit code 0 or 1
  load          send made-up telemetry to an OTLP endpoint and measure
  admin         dead letters: what could not be delivered, to be looked at,
                sent again or removed
  version       what this is; also --version
  featuregate   for compatibility: there are no feature gates
  help          this page, or the page of a command

Flags:
      --config FILE         a configuration; repeat it to lay files over each
                            other (also env:NAME and yaml:TEXT)
      --set KEY=VALUE       one value on top, such as
                            --set processors.batch.timeout=2s
      --feature-gates LIST  accepted, and without effect
  -v, --version             the version
  -h, --help                this page; after a command: its page

Signals: SIGTERM and SIGINT stop after handing on what is held (a second one
stops at once); SIGHUP reads the configuration again.

Exit code: 0 after a stop that was asked for, 1 when it could not start for
whatever reason, which the last line on stderr says, or was stopped at once.
)";

}  // namespace

std::string_view general_help() { return general_page; }

std::optional<std::string_view> command_help(std::string_view command) {
  for (const HelpPage& page : help_pages())
    if (page.command == command) return page.text;
  return std::nullopt;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const HelpPage& page : help_pages()) names.emplace_back(page.command);
  names.emplace_back("load");  // has its own page
  names.emplace_back("help");
  return names;
}

}  // namespace vigia::app
