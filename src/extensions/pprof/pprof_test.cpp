// Scenario: a program that burns CPU in a known function is profiled into a file and over HTTP, once and twice at a time.
// Guarantee: the profile is a gzipped pprof message that names the function and charges it the time; broken symbol files do no harm.

#include "extensions/pprof/pprof.h"

#include <gtest/gtest.h>

#include <signal.h>

#include <atomic>
#include <thread>

#include "base/compress.h"
#include "base/random.h"
#include "extensions/pprof/cpu_sampler.h"
#include "extensions/pprof/elf_symbols.h"
#include "extensions/pprof/factory.h"
#include "extensions/pprof/memory_map.h"
#include "extensions/pprof/profile_format.h"
#include "extensions/test_environment.h"
#include "otlp/wire.h"

// Outside of namespaces and with a name that nothing else contains.
extern "C" __attribute__((noinline)) uint64_t burn_cpu_for_profile(uint64_t rounds) {
  volatile uint64_t value = 1;
  for (uint64_t i = 0; i < rounds; i++) value = value * 6364136223846793005ULL + 1442695040888963407ULL;
  return value;
}

namespace vigia::extensions {
namespace {

// Burns CPU on a thread of its own as long as it lives.
class Burner {
 public:
  Burner()
      : thread_([this] {
          while (!is_over_) burn_cpu_for_profile(100'000);
        }) {}
  ~Burner() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

// What a reader of the format finds: CPU time by function, from leaf frames.
struct ReadProfile {
  std::vector<std::string> texts;
  std::map<std::string, int64_t> cpu_ns_by_leaf;
  std::map<std::string, int64_t> cpu_ns_anywhere;
  int64_t period_ns = 0;
};

std::vector<uint64_t> unpack(std::string_view packed) {
  std::vector<uint64_t> values;
  while (!packed.empty()) {
    uint64_t value = 0;
    size_t used = 0;
    do {
      value |= static_cast<uint64_t>(packed[used] & 0x7F) << (7 * used);
    } while (packed[used++] & 0x80);
    values.push_back(value);
    packed.remove_prefix(used);
  }
  return values;
}

ReadProfile read_profile(std::string_view message) {
  ReadProfile result;
  std::map<uint64_t, uint64_t> function_of_location, name_of_function;
  std::vector<std::pair<std::vector<uint64_t>, std::vector<uint64_t>>> samples;
  otlp::Cursor fields(message);
  otlp::Field field, inner, line;
  while (fields.next(field)) {
    otlp::Cursor content(field.content);
    if (field.id() == 2) {
      samples.emplace_back();
      while (content.next(inner)) (inner.id() == 1 ? samples.back().first : samples.back().second) = unpack(inner.content);
    } else if (field.id() == 4) {
      uint64_t id = 0, function = 0;
      while (content.next(inner)) {
        if (inner.id() == 1) id = inner.number;
        otlp::Cursor lines(inner.content);
        if (inner.id() == 4 && lines.next(line)) function = line.number;
      }
      function_of_location[id] = function;
    } else if (field.id() == 5) {
      uint64_t id = 0, name = 0;
      while (content.next(inner)) (inner.id() == 1 ? id : inner.id() == 2 ? name : line.number) = inner.number;
      name_of_function[id] = name;
    } else if (field.id() == 6) {
      result.texts.emplace_back(field.content);
    } else if (field.id() == 12) {
      result.period_ns = static_cast<int64_t>(field.number);
    }
  }
  EXPECT_TRUE(fields.ok());
  for (const auto& [locations, values] : samples) {
    std::map<std::string, bool> seen;
    for (size_t i = 0; i < locations.size(); i++) {
      const std::string& name = result.texts[name_of_function[function_of_location[locations[i]]]];
      if (i == 0) result.cpu_ns_by_leaf[name] += static_cast<int64_t>(values.at(1));
      if (!seen[name]) result.cpu_ns_anywhere[name] += static_cast<int64_t>(values.at(1));
      seen[name] = true;
    }
  }
  return result;
}

std::string inflate(std::string_view bytes, MemoryLedger& ledger) {
  auto text = decompress(Compression::gzip, bytes, 64 << 20, ledger);
  EXPECT_TRUE(text.is_ok()) << text.status().to_string();
  return text.is_ok() ? std::string(text->view()) : "";
}

// Collects for a while.
StackCounts sample_for_a_while(CpuSampler& sampler, int64_t duration_ms) {
  SystemClock clock;
  int64_t until = clock.steady_ms() + duration_ms;
  while (clock.steady_ms() < until) {
    pause_thread_ms(50);
    sampler.collect();
  }
  return sampler.stop();
}

TEST(CpuProfileTest, names_the_function_that_burns_and_charges_it) {
  SystemFiles files;
  CpuProfile profile;
  {
    auto sampler = CpuSampler::start(200);
    ASSERT_TRUE(sampler.is_ok()) << sampler.status().to_string();
    Burner burner;  // a thread that is younger than the sampler
    profile.stacks = sample_for_a_while(**sampler, 1000);
  }
  profile.period_ns = 5'000'000;
  ASSERT_FALSE(profile.stacks.samples.empty());
  ReadProfile read = read_profile(profile_message(profile, files));
  EXPECT_EQ(read.texts.at(0), "");
  EXPECT_EQ(read.period_ns, 5'000'000);
  int64_t burnt = read.cpu_ns_by_leaf["burn_cpu_for_profile"];
  EXPECT_GT(burnt, 200'000'000) << "of a second of burning on a busy machine";
  int64_t all = 0, with_callers = 0;
  for (const auto& [name, ns] : read.cpu_ns_by_leaf) all += ns;
  for (const auto& [name, ns] : read.cpu_ns_anywhere)
    if (name.find("Burner") != std::string::npos) with_callers = std::max(with_callers, ns);
  EXPECT_GT(burnt, all / 2);
  EXPECT_GT(with_callers, burnt / 2) << "the caller is found by frame pointers";
}

TEST(CpuProfileTest, one_sampler_at_a_time_and_nothing_left_behind) {
  auto first = CpuSampler::start(100);
  ASSERT_TRUE(first.is_ok());
  auto second = CpuSampler::start(100);
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), StatusCode::failed_precondition);
  (void)(*first)->stop();
  for (int i = 0; i < 50; i++) {
    auto again = CpuSampler::start(1000);
    ASSERT_TRUE(again.is_ok());
    burn_cpu_for_profile(100'000);
    (*again)->collect();
  }
  raise(SIGPROF);  // a late signal does nothing
}

TEST(MemoryMap, lines_of_the_kernel) {
  auto map = parse_memory_map(
      "55d0-55e0 r-xp 00001000 fe:01 123    /usr/bin/a program\n"
      "7f00-7f10 rw-p 00000000 00:00 0 \n"
      "7f10-7f20 rw-p 00000000 00:00 0 \n"
      "7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]\n"
      "nonsense\n7f30-7f20 r--p 0 0 0\n");
  ASSERT_EQ(map.size(), 4u);
  EXPECT_EQ(map[0].path, "/usr/bin/a program");
  EXPECT_TRUE(map[0].is_executable);
  EXPECT_EQ(map[0].file_offset, 0x1000u);
  auto ranges = writable_ranges(map);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].start, 0x7f00u);
  EXPECT_EQ(ranges[0].end, 0x7f20u);
  EXPECT_EQ(ranges[1].start, 0x7fff00000000u - (8u << 20));
  EXPECT_FALSE(read_memory_map().empty());
}

TEST(ElfSymbolsTest, own_program_has_names_and_broken_files_do_no_harm) {
  SystemFiles files;
  auto image = files.read_file("/proc/self/exe");
  ASSERT_TRUE(image.is_ok());
  uint64_t offset = 0;
  auto address = reinterpret_cast<uint64_t>(&burn_cpu_for_profile);
  for (const MemoryMapping& mapping : read_memory_map())
    if (address >= mapping.start && address < mapping.end) offset = address - mapping.start + mapping.file_offset;
  EXPECT_EQ(ElfSymbols::parse(*image).name_at_file_offset(offset), "burn_cpu_for_profile");
  EXPECT_EQ(ElfSymbols::parse(*image).name_at_file_offset(UINT64_MAX), "");

  // The head of a real file, with bytes changed at random: whatever it then says must not be believed.
  Random random(7);
  std::string head = image->substr(0, 4096);
  std::string tables = image->substr(image->size() - std::min<size_t>(image->size(), 65536));
  for (int round = 0; round < 2000; round++) {
    std::string broken = head + tables;
    for (int change = 0; change < 8; change++) broken[random.below(change < 6 ? 1024 : broken.size())] = static_cast<char>(random.next());
    broken.resize(random.below(broken.size()) + 1);
    (void)ElfSymbols::parse(broken).name_at_file_offset(random.next() >> random.below(64));
  }
  EXPECT_EQ(readable_name("_ZN5vigia3fooEv"), "vigia::foo()");
  EXPECT_EQ(readable_name("main"), "main");
}

class Pprof : public testing::Test {
 protected:
  void start(const std::string& yaml) {
    std::string errors;
    extension_ = environment_.create(pprof_extension(), yaml, errors);
    ASSERT_NE(extension_, nullptr) << errors;
    Status started = extension_->start();
    ASSERT_TRUE(started.is_ok()) << started.to_string();
    port_ = environment_.ports["pprof"];
  }
  std::string get(const std::string& path) { return environment_.ask(port_, "GET", path); }

  TestEnvironment environment_;
  std::unique_ptr<pipeline::Extension> extension_;
  int port_ = 0;
};

TEST_F(Pprof, saves_a_profile_when_it_stops) {
  std::string path = testing::TempDir() + "vigia_pprof_test.prof";
  start("endpoint: 127.0.0.1:0\nsave_to_file: " + path + "\nblock_profile_fraction: 3\nmutex_profile_fraction: 5");
  EXPECT_NE(get("/debug/pprof/profile?seconds=1").find("another one is running"), std::string::npos);
  {
    Burner burner;
    pause_thread_ms(1200);
  }
  environment_.stop(*extension_);
  auto bytes = environment_.files.read_file(path);
  ASSERT_TRUE(bytes.is_ok());
  ReadProfile read = read_profile(inflate(*bytes, environment_.ledger));
  EXPECT_GT(read.cpu_ns_by_leaf["burn_cpu_for_profile"], 100'000'000);
  EXPECT_TRUE(environment_.files.remove(path).is_ok());
}

TEST_F(Pprof, profiles_on_demand) {
  start("endpoint: 127.0.0.1:0");
  std::string answer;
  {
    Burner burner;
    answer = get("/debug/pprof/profile?seconds=1");
  }
  EXPECT_NE(answer.find("HTTP/1.1 200"), std::string::npos);
  size_t body = answer.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos);
  ReadProfile read = read_profile(inflate(std::string_view(answer).substr(body + 4), environment_.ledger));
  EXPECT_GT(read.cpu_ns_by_leaf["burn_cpu_for_profile"], 100'000'000);
  EXPECT_NE(get("/debug/pprof/").find("profile"), std::string::npos);
  EXPECT_NE(get("/debug/pprof/heap").find("HTTP/1.1 404"), std::string::npos);
  for (const char* bad : {"0", "x", "-1", "99999999999999999999"})
    EXPECT_NE(get(std::string("/debug/pprof/profile?seconds=") + bad).find("HTTP/1.1 400"), std::string::npos) << bad;
  environment_.stop(*extension_);
}

TEST_F(Pprof, a_file_that_cannot_be_written_stops_the_start) {
  std::string errors;
  auto extension = environment_.create(pprof_extension(), "endpoint: 127.0.0.1:0\nsave_to_file: /nowhere/at/all.prof", errors);
  ASSERT_NE(extension, nullptr) << errors;
  Status started = extension->start();
  ASSERT_FALSE(started.is_ok());
  EXPECT_NE(started.message().find("/nowhere/at/all.prof"), std::string::npos);
  environment_.stop(*extension);
}

}  // namespace
}  // namespace vigia::extensions
