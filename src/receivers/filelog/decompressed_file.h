#pragma once

// A compressed file, read as what is in it. Offsets are those of the content.

#include <memory>
#include <string>

#include "base/decompress_stream.h"
#include "base/file.h"

namespace vigia::receivers {

// Reading goes forward; a step back into what was read last costs nothing, one further back begins anew. The file may grow meanwhile.
// size_bytes() and facts() are those of the compressed file.
class DecompressedFile final : public File {
 public:
  DecompressedFile(std::unique_ptr<File> file, Compression compression);
  ~DecompressedFile() override;

  Result<size_t> read_at(uint64_t offset, char* out, size_t size) override;
  Status write_at(uint64_t, std::span<const std::string_view>) override { return read_only(); }
  Status sync() override { return read_only(); }
  Status truncate(uint64_t) override { return read_only(); }
  Result<uint64_t> size_bytes() override { return file_->size_bytes(); }
  Result<FileFacts> facts() override { return file_->facts(); }

  // How much of the compressed file has been taken.
  uint64_t taken_bytes() const { return taken_; }
  // Up to where the content is known: its end, once a read was short.
  uint64_t known_end() const { return produced_end_; }
  // It ends in the middle of something: the writer is not done, or never will be.
  bool is_unfinished() const { return !is_between_members_; }

 private:
  static Status read_only() { return internal_error("a compressed file is only read"); }
  void begin_anew();
  Status produce();

  const std::unique_ptr<File> file_;
  const Compression compression_;
  std::unique_ptr<StreamDecompressor> stream_;
  std::string input_;  // Read and not yet taken by the stream.
  size_t input_at_ = 0;
  std::string window_;         // The content's bytes before produced_end_.
  size_t kept_bytes_ = 0;      // Of the window, at least.
  uint64_t produced_end_ = 0;  // Where the content ends that has been produced.
  uint64_t taken_ = 0;
  bool is_between_members_ = true;
};

}  // namespace vigia::receivers
