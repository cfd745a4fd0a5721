// Which file systems are mounted where, by the kernel's own escapes and quirks.

#include "host/mounts.h"

#include <gtest/gtest.h>

namespace vigia::host {
namespace {

TEST(Mounts, AMountHasItsDeviceItsPlaceItsTypeAndItsMode) {
  auto mounts = parse_mountinfo(
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
      "36 27 8:1 / /mnt/with\\040blank\\134 ro,noatime master:1 shared:2 - xfs /dev/sda1 rw\n"
      "37 27 8:2 / /frozen rw - xfs /dev/sda2 ro\n"
      "22 27 0:21 / /proc rw - proc proc rw\n");
  ASSERT_EQ(mounts.size(), 4u);
  EXPECT_EQ(mounts[0], (Mount{"/dev/vda", "/", "ext4", false, false, "254:0"}));
  EXPECT_EQ(mounts[1].mount_point, "/mnt/with blank\\");
  EXPECT_TRUE(mounts[1].is_read_only);
  EXPECT_TRUE(mounts[2].is_read_only);
  EXPECT_EQ(mounts[3].device, "proc");
}

TEST(Mounts, ASecondViewOfADirectoryIsABindAndASubvolumeIsNot) {
  auto mounts = parse_mountinfo(
      "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
      "40 27 254:0 /srv/data /data rw - ext4 /dev/other rw\n"
      "41 27 0:50 /@home /home rw - btrfs /dev/vdb rw,subvol=/@home\n"
      "42 27 0:50 /@home/a /a rw - btrfs /dev/vdb rw,subvol=/@home\n"
      "43 27 0:4 net:[4026531840] /run/netns/x rw - nsfs nsfs rw\n");
  ASSERT_EQ(mounts.size(), 5u);
  EXPECT_TRUE(mounts[1].is_bind);
  EXPECT_EQ(mounts[1].device, "/dev/vda");
  EXPECT_FALSE(mounts[2].is_bind);
  EXPECT_TRUE(mounts[3].is_bind);
  EXPECT_EQ(mounts[4].device, "net:[4026531840]");
  EXPECT_FALSE(mounts[4].is_bind);
}

TEST(Mounts, TheRootOfAContainerInAFolderIsNoBind) {
  auto mounts = parse_mountinfo("27 1 254:0 /var/lib/lxc/web/rootfs / rw - ext4 /dev/vda rw\n");
  ASSERT_EQ(mounts.size(), 1u);
  EXPECT_FALSE(mounts[0].is_bind);
}

TEST(Mounts, BrokenLinesArePassedOver) {
  EXPECT_TRUE(parse_mountinfo("").empty());
  EXPECT_TRUE(parse_mountinfo("27 1 254:0 / /\n27 1 254:0 / - ext4\n - \n27 1 254:0 / / rw - ext4\n\n").empty());
  EXPECT_EQ(parse_mountinfo("27 1 254:0 / / - ext4 /dev/vda").size(), 1u);
}

TEST(Mounts, TypesOnADevice) {
  EXPECT_EQ(parse_disk_filesystems("nodev\tsysfs\nnodev\tzfs\n\text4\n\txfs\nnodev\toverlay\nodd\n"),
            (std::vector<std::string>{"zfs", "ext4", "xfs"}));
}

TEST(Mounts, EscapesThatAreNoneStayAsTheyAre) {
  EXPECT_EQ(unescape_octal("a\\040b\\011\\134c"), "a b\t\\c");
  EXPECT_EQ(unescape_octal("\\04"), "\\04");
  EXPECT_EQ(unescape_octal("\\999\\777\\"), "\\999\\777\\");
}

}  // namespace
}  // namespace vigia::host
