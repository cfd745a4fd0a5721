#pragma once

// What is known of one file: who it is, how far it has been read, and whether it is still where it was.

#include <cstdint>
#include <memory>
#include <string>

#include "base/compress.h"
#include "base/file.h"
#include "operators/origin.h"
#include "receivers/filelog/content.h"

namespace vigia::receivers {

using FileId = uint64_t;  // never 0; not used again in one run

struct TrackedFile {
  FileId id = 0;
  std::string path;  // Where it was last seen.
  uint64_t device = 0;
  uint64_t inode = 0;
  Sample fingerprint;  // Of its beginning; grows with the file up to `fingerprint_size`.
  Compression compression = Compression::none;

  Position read;       // Up to here entries were handed on.
  Position committed;  // Up to here the pipeline has taken them.

  std::unique_ptr<File> file;  // While it is open.
  int watch = -1;              // While it is watched.
  int64_t used_ms = 0;         // When it last had something to read.

  bool is_present = true;      // A path that matches leads to it. Otherwise it was rotated away or removed.
  bool is_remembered = false;  // Not present, and nothing of it will be read any more: kept to know copies of it by.
  int64_t gone_ms = 0;         // Since when it is not present.

  uint64_t size_bytes = 0;  // As last seen; of the compressed file where it is one.
  int64_t modified_ns = 0;
  int64_t changed_ms = 0;  // When a change was last seen.
  bool has_more = false;   // There may be something to read.
  bool has_rest = false;   // Behind `read` stands an entry without an end:
  uint64_t rest_bytes = 0;
  int64_t rest_since_ms = 0;  // and when it last grew.
  bool skips_rest = false;    // The rest of an entry that was cut is still to be passed over.
  bool is_header_read = false;
  bool is_identified = false;  // Its content has been compared with what is known.
  bool is_unwanted = false;    // Compressed, and not to be looked into.
  bool is_restored = false;    // From an earlier run: the file there now may be another one.

  // As long as it may be a copy of that file it waits, since what it holds is read there.
  FileId copy_of = 0;
  bool is_surely_copy = false;  // Its name says so; otherwise it may turn out to be a file of its own.
  int64_t copy_since_ms = 0;    // When its size last changed.

  std::unique_ptr<operators::Origin> origin;  // What its entries have in common; made when the first one is read.
  std::string origin_path;                    // Which path it was made for.
  uint64_t seen_round = 0;                    // When it was last found.

  // The file that goes on where this one was left, once it was found to be its copy.
  FileId continued_by = 0;
};

}  // namespace vigia::receivers
