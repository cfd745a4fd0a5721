#include "app/admin_command.h"

#include <algorithm>
#include <any>
#include <functional>

#include <fmt/core.h>

#include "app/command_line.h"
#include "app/complaint.h"
#include "app/components.h"
#include "app/configuration.h"
#include "app/dead_letter_text.h"
#include "base/clock.h"
#include "extensions/file_storage/config.h"

namespace vigia::app {

namespace {

// The storages that a configuration uses.
Result<std::vector<std::string>> configured_directories(const Arguments& arguments, FileSystem& files) {
  config::LoadRequest request;
  request.sources = arguments.values("config");
  request.sets = arguments.values("set");
  pipeline::Components components = all_components();
  config::Diagnostics diagnostics;
  std::optional<Configuration> configuration = read_configuration(request, components, Depth::text, files, diagnostics);
  if (!configuration) return invalid_argument("the configuration has mistakes:\n" + diagnostics.render_errors());
  std::vector<std::string> directories;
  for (const auto& [id, extension] : configuration->service.extensions)
    if (const auto* config = std::any_cast<extensions::FileStorageConfig>(&extension.config); config && extension.is_used)
      directories.push_back(config->storage.directory);
  if (directories.empty()) return not_found("the configuration uses no file_storage extension, so nothing is kept on disk");
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  return directories;
}

Result<std::vector<std::string>> storage_directories(const Arguments& arguments, FileSystem& files) {
  if (arguments.has("config")) return configured_directories(arguments, files);
  std::vector<std::string> directories = arguments.values("storage");
  if (directories.empty()) directories.push_back(extensions::FileStorageConfig().storage.directory);
  for (const std::string& directory : directories)
    if (!files.exists(directory)) return not_found("there is no storage " + directory + "; --storage or --config says where it is");
  return directories;
}

// One of list, show, resend, purge at work.
class DeadLettersCommand {
 public:
  DeadLettersCommand(const Arguments& arguments, Console& console, FileSystem& files, const DeadLetterBox& box)
      : console_(console), files_(files), box_(box), wants_json_(arguments.has("json")) {
    for (const std::string& complaint : box.complaints()) complain(complaint);
  }

  int list() {
    if (wants_json_)
      for (const BoxedDeadLetter& letter : box_.letters()) console_.out << listed_json(letter) << "\n";
    else if (box_.letters().empty())
      console_.out << "There are no dead letters.\n";
    else
      console_.out << dead_letter_table(box_.letters(), SystemClock().wall_ns() / 1'000'000);
    console_.out.flush();
    return exit_code_;
  }

  int show(const std::vector<BoxedDeadLetter>& letters) {
    for (const BoxedDeadLetter& boxed : letters) {
      Result<pipeline::DeadLetter> letter = pipeline::read_dead_letter(files_, boxed.directory, boxed.letter.name);
      if (!letter.is_ok())
        complain(letter.status().message());
      else if (wants_json_)
        console_.out << letter_json(boxed, *letter) << std::endl;
      else
        console_.out << (&boxed == &letters.front() ? "" : "\n") << letter_text(boxed, *letter) << std::flush;
    }
    return exit_code_;
  }

  int resend(const std::vector<BoxedDeadLetter>& letters) {
    std::vector<BoxedDeadLetter> done = for_each(letters, [this](const BoxedDeadLetter& letter) -> Status {
      // Who sends it again cannot do anything about damage, and here somebody is looking.
      Result<pipeline::DeadLetter> content = pipeline::read_dead_letter(files_, letter.directory, letter.letter.name);
      if (!content.is_ok()) return std::move(content).status();
      return pipeline::resend_dead_letter(files_, letter.directory, letter.letter.name);
    });
    if (wants_json_)
      console_.out << fmt::format(R"({{"resent":{}}})", done.size()) << std::endl;
    else
      console_.out << amount_text(done) << " will be sent again by the collector." << std::endl;
    return exit_code_;
  }

  int purge(const std::vector<BoxedDeadLetter>& letters) {
    if (!wants_json_) console_.out << "Removing " << amount_text(letters) << "." << std::endl;
    std::vector<BoxedDeadLetter> done =
        for_each(letters, [this](const BoxedDeadLetter& letter) { return files_.remove(letter.directory + "/" + letter.letter.name); });
    if (wants_json_) console_.out << fmt::format(R"({{"purged":{}}})", done.size()) << std::endl;
    return exit_code_;
  }

 private:
  // Those that it worked for. What the running program has taken meanwhile is no mistake of anybody's.
  std::vector<BoxedDeadLetter> for_each(const std::vector<BoxedDeadLetter>& letters,
                                        const std::function<Status(const BoxedDeadLetter&)>& treat) {
    std::vector<BoxedDeadLetter> done;
    for (const BoxedDeadLetter& letter : letters) {
      Status status = treat(letter);
      if (status.is_ok())
        done.push_back(letter);
      else if (status.code() != StatusCode::not_found)
        complain(status.message());
    }
    return done;
  }

  void complain(const std::string& message) { exit_code_ = fail(console_, message); }

  Console& console_;
  FileSystem& files_;
  const DeadLetterBox& box_;
  const bool wants_json_;
  int exit_code_ = 0;
};

// What was typed makes sense, whatever lies on the disk.
Status check_words(const std::string& verb, const Arguments& arguments) {
  const std::vector<std::string> verbs = {"list", "show", "resend", "purge"};
  bool has_names = !arguments.positional().empty(), wants_all = arguments.has("all");
  if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) {
    std::string hint = suggestion(verb, verbs);
    return invalid_argument("unknown command \"" + verb + "\" for dead letters" + (hint.empty() ? "" : ". " + hint));
  }
  if (arguments.has("config") && arguments.has("storage")) return invalid_argument("--config and --storage do not go together");
  if (arguments.has("set") && !arguments.has("config")) return invalid_argument("--set needs a --config");
  if (verb == "list" && has_names) return invalid_argument("unexpected argument: " + arguments.positional().front());
  if (verb == "list" || has_names != wants_all) return {};
  return invalid_argument(has_names ? "names and --all do not go together" : "say which: the names of dead letters, or --all");
}

int dead_letters_command(const std::vector<std::string>& words, Console& console) {
  if (words.empty()) return fail_with_usage(console, "admin", "say what to do with the dead letters: list, show, resend or purge");
  const std::string& verb = words.front();
  auto arguments =
      Arguments::parse({{"storage", "DIR", 0, true}, {"config", "FILE", 0, true}, {"set", "KEY=VALUE", 0, true}, {"json", ""}, {"all", ""}},
                       {words.begin() + 1, words.end()});
  if (!arguments.is_ok()) return fail_with_usage(console, "admin", arguments.status().message());
  if (Status status = check_words(verb, *arguments); !status.is_ok()) return fail_with_usage(console, "admin", status.message());
  SystemFiles files;
  auto directories = storage_directories(*arguments, files);
  if (!directories.is_ok()) return fail(console, directories.status().message());
  DeadLetterBox box = DeadLetterBox::open(files, *directories);
  DeadLettersCommand command(*arguments, console, files, box);
  if (verb == "list") return command.list();
  Result<std::vector<BoxedDeadLetter>> letters = arguments->has("all") ? box.letters() : box.select(arguments->positional());
  if (!letters.is_ok()) return fail(console, letters.status().message());
  if (verb == "show") return command.show(*letters);
  return verb == "resend" ? command.resend(*letters) : command.purge(*letters);
}

}  // namespace

int admin_command(const std::vector<std::string>& words, Console& console) {
  const std::string subject = "dead-letters";
  if (words.empty()) return fail_with_usage(console, "admin", "say what to look after: " + subject);
  if (words.front() == subject) return dead_letters_command({words.begin() + 1, words.end()}, console);
  std::string hint = suggestion(words.front(), {subject});
  return fail_with_usage(console, "admin", "unknown command \"admin " + words.front() + "\"" + (hint.empty() ? "" : ". " + hint));
}

}  // namespace vigia::app
