#include "app/program.h"

#include <algorithm>

#include "app/admin_command.h"
#include "app/command_line.h"
#include "app/complaint.h"
#include "app/components.h"
#include "app/configuration_arguments.h"
#include "app/configuration_commands.h"
#include "app/health_command.h"
#include "app/help.h"
#include "app/load/load.h"
#include "app/run_commands.h"
#include "app/version.h"

namespace vigia::app {

namespace {

// A command that takes nothing but its name.
Status refuse_everything(const std::vector<std::string>& words) {
  auto arguments = Arguments::parse({}, words);
  return arguments.is_ok() ? refuse_positional(*arguments) : std::move(arguments).status();
}

int version_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "", status);
  console.out << version_line() << std::endl;
  return 0;
}

int components_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "components", status);
  console.out << describe_components(all_components(), version());
  return 0;
}

int featuregate_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "featuregate", status);
  console.out << "There are no feature gates." << std::endl;
  return 0;
}

int help_command(const std::vector<std::string>& words, Console& console) {
  if (words.empty()) {
    console.out << general_help();
    return 0;
  }
  if (words.front() == "load") return run_load({"--help"});
  if (words.front() == "help") return help_command({}, console);
  std::optional<std::string_view> page = command_help(words.front());
  if (!page) {
    std::string hint = suggestion(words.front(), command_names());
    return fail_with_usage(console, "",
                           invalid_argument("there is no help about \"" + words.front() + "\"" + (hint.empty() ? "" : ". " + hint)));
  }
  console.out << *page;
  return 0;
}

int unknown_command(const std::string& command, Console& console) {
  constexpr std::string_view not_here[] = {"query", "traces", "logs", "tail"};
  if (std::find(std::begin(not_here), std::end(not_here), command) != std::end(not_here))
    return fail(console, "vigia " + command + " is not in this build");
  std::string hint = suggestion(command, command_names());
  return fail_with_usage(console, "",
                         invalid_argument("unknown command \"" + command + "\" for \"vigia\"" + (hint.empty() ? "" : ". " + hint)));
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

int run_program(const std::vector<std::string>& words, Console console) {
  if (words.empty()) return help_command({}, console);
  const std::string& command = words.front();
  if (command.substr(0, 1) == "-") {
    if (asks_for_help(words)) return help_command({}, console);
    return run_command(words, console);
  }
  std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "load") return run_load(rest);
  if (command == "help") return help_command(rest, console);
  if (asks_for_help(rest) && command_help(command)) return help_command({command}, console);
  if (command == "run") return run_command(rest, console);
  if (command == "up" || command == "edge" || command == "gateway") return role_command(command, rest, console);
  if (command == "agent") return agent_command(rest, console);
  if (command == "validate") return validate_command(rest, console);
  if (command == "print-config") return print_config_command(rest, console);
  if (command == "components") return components_command(rest, console);
  if (command == "health") return health_command(rest, console);
  if (command == "admin") return admin_command(rest, console);
  if (command == "featuregate") return featuregate_command(rest, console);
  if (command == "version") return version_command(rest, console);
  return unknown_command(command, console);
}

}  // namespace vigia::app
