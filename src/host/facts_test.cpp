// Users' names, cores and their speed.

#include <gtest/gtest.h>

#include "host/cpu_facts.h"
#include "host/test_tree.h"
#include "host/user_names.h"

namespace vigia::host {
namespace {

TEST(UserNamesTest, TheFileIsReadAgainWhenItChanged) {
  test::TreeFiles files;
  files.content["/r/etc/passwd"] =
      "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n# comment:x:5:\n:x:6:\nbroken\nodd:x:y:0\nlast:x:65534";
  UserNames names(files, "/r");
  EXPECT_EQ(names.name_of(0), "");
  names.refresh();
  EXPECT_EQ(names.name_of(0), "root");
  EXPECT_EQ(names.name_of(65534), "last");
  EXPECT_EQ(names.name_of(5), "");
  int opened = files.opened;
  names.refresh();
  EXPECT_LE(files.opened, opened + 1);  // Looked at, not read.
  files.content["/r/etc/passwd"] = "admin:x:0:0\n";
  names.refresh();
  EXPECT_EQ(names.name_of(0), "admin");
  files.content.clear();
  names.refresh();
  EXPECT_EQ(names.name_of(0), "");
}

TEST(CpuFacts, FrequenciesByProcessor) {
  auto frequencies = parse_cpu_frequencies(
      "processor\t: 0\nmodel name\t: X: 1\ncpu MHz\t\t: 2199.998\n\nprocessor\t: 3\ncpu MHz\t\t: 800.5\n\nprocessor\t: 4\ncpu MHz\t: "
      "fast\n");
  ASSERT_EQ(frequencies.size(), 2u);
  EXPECT_EQ(frequencies[1].number, 3u);
  EXPECT_DOUBLE_EQ(frequencies[1].hertz, 800.5e6);
}

TEST(CpuFacts, CoresAreCountedOnceWhateverTheirThreads) {
  test::TreeFiles files;
  std::vector<NumberedCpu> cpus = {{0, {}}, {1, {}}, {2, {}}, {3, {}}};
  EXPECT_EQ(count_physical_cores(files, "", cpus), 0u);
  files.content["/proc/cpuinfo"] =
      "processor: 0\nphysical id: 0\ncpu cores: 4\n\nprocessor: 1\nphysical id: 0\ncpu cores: 4\n\nprocessor: 2\nphysical id: 1\ncpu "
      "cores: 4\n";
  EXPECT_EQ(count_physical_cores(files, "", cpus), 8u);
  for (int cpu = 0; cpu < 4; cpu++)
    files.content["/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list"] = cpu % 2 ? "1,3\n" : "0,2\n";
  EXPECT_EQ(count_physical_cores(files, "", cpus), 2u);
}

}  // namespace
}  // namespace vigia::host
