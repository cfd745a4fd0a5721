// Scenario: any bytes lie where a dead letter should, with or without a check at their end that fits.
// Guarantee: no crash, nothing read outside. What is read can be written and read again as the same; a listing finds what reading finds.

#include "pipeline/dead_letter.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/hash.h"
#include "base/test_faulty_files.h"
#include "pipeline/dead_letters.h"

namespace vigia::pipeline {
namespace {

const std::string directory = "/s/dead-letters/traces/otlp";
const std::string name = "1700000000000-1.dead";

// The same with the number of bytes in its head and the check at its end that fit, as far as there is a place for them.
std::string sealed(std::string file) {
  constexpr std::string_view key = "\"body_bytes\":";
  size_t line = file.find('\n');
  size_t place = file.rfind(key, line);
  if (line != std::string::npos && place != std::string::npos)
    file.replace(place + key.size(), line - place - key.size(), std::to_string(file.size() - line - 1) + "}");
  uint64_t check = hash64(file);
  file.append(reinterpret_cast<const char*>(&check), sizeof check);
  return file;
}

void check_reads_back(const DeadLetter& letter) {
  MemoryLedger ledger;
  DeadLetter expected = letter;
  expected.head.reason.resize(std::min(expected.head.reason.size(), max_reason_bytes));
  Result<DeadLetter> again = decode_dead_letter(encode_dead_letter(letter.head, Chain(Slice::copy_of(letter.body, ledger))));
  CHECK(again.is_ok());
  CHECK(again->head == expected.head);
  CHECK(again->body == letter.body);
}

void check_is_listed(const std::string& file, const Result<DeadLetter>& letter) {
  vigia::test::FaultyFiles files(1);
  CHECK(files.write_file_atomically(directory + "/" + name, file).is_ok());
  std::vector<ListedDeadLetter> listed = list_dead_letters(files, directory).value();
  CHECK(listed.size() == 1 && listed[0].name == name && listed[0].bytes == file.size());
  Result<DeadLetter> read = read_dead_letter(files, directory, name);
  CHECK(read.is_ok() == letter.is_ok());
  if (!letter.is_ok()) return;
  CHECK(listed[0].damage.is_ok() && listed[0].head == letter->head);
  CHECK(read->head == letter->head && read->body == letter->body);
}

}  // namespace
}  // namespace vigia::pipeline

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::pipeline;
  if (size == 0) return 0;
  std::string file(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The name of a directory's entry, too, is whatever somebody called it.
  (void)is_dead_letter_name(file);
  (void)dead_letter_directory("/s", file, file);
  if (data[0] % 4 != 0) file = sealed(std::move(file));
  vigia::Result<DeadLetterHead> head = decode_dead_letter_head(file);
  vigia::Result<DeadLetter> letter = decode_dead_letter(file);
  CHECK(head.is_ok() || !letter.is_ok());
  if (letter.is_ok()) check_reads_back(*letter);
  check_is_listed(file, letter);
  return 0;
}

// Every input begins with a whole letter's, so that the first ones need not be found out byte by byte.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int) {
  using namespace vigia::pipeline;
  if (size > 1) return LLVMFuzzerMutate(data, size, max_size);
  vigia::MemoryLedger ledger;
  DeadLetterHead head{"traces/x", "otlp/edge", vigia::otlp::Signal::traces, "refused: \"no\"\n", 1'700'000'000'000, 7, {}, 0};
  head.client = {"10.0.0.1:5", {{"x-a", "1"}, {"x-b", "\\"}}, "acme"};
  std::string file = "\1" + encode_dead_letter(head, vigia::Chain(vigia::Slice::copy_of("a body", ledger)));
  file.resize(std::min(file.size() - 8, max_size));
  return file.copy(reinterpret_cast<char*>(data), file.size());
}
