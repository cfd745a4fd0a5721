#include "receivers/filelog/decompressed_file.h"

#include <algorithm>
#include <cstring>

namespace vigia::receivers {

namespace {

constexpr size_t input_bytes = 64 << 10;
constexpr size_t least_kept_bytes = 64 << 10;
constexpr size_t step_bytes = 64 << 10;

}  // namespace

DecompressedFile::DecompressedFile(std::unique_ptr<File> file, Compression compression)
    : file_(std::move(file)), compression_(compression) {
  begin_anew();
}

DecompressedFile::~DecompressedFile() = default;

void DecompressedFile::begin_anew() {
  stream_ = StreamDecompressor::create(compression_);
  input_.clear();
  input_at_ = 0;
  window_.clear();
  produced_end_ = 0;
  taken_ = 0;
  is_between_members_ = true;
}

Result<size_t> DecompressedFile::read_at(uint64_t offset, char* out, size_t size) {
  if (offset < produced_end_ - window_.size()) begin_anew();
  kept_bytes_ = std::max(least_kept_bytes, size);
  size_t done = 0;
  while (done < size) {
    uint64_t wanted = offset + done;
    if (wanted < produced_end_) {
      size_t from = window_.size() - static_cast<size_t>(produced_end_ - wanted);
      size_t count = std::min(size - done, window_.size() - from);
      std::memcpy(out + done, window_.data() + from, count);
      done += count;
      continue;
    }
    uint64_t before = produced_end_;
    RETURN_IF_ERROR(produce());
    if (produced_end_ == before) break;
  }
  return done;
}

// Adds some content to the window, none at the end of the file.
Status DecompressedFile::produce() {
  if (window_.size() > 2 * kept_bytes_) window_.erase(0, window_.size() - kept_bytes_);
  for (;;) {
    if (input_at_ == input_.size()) {
      input_.resize(input_bytes);
      input_at_ = 0;
      Result<size_t> count = file_->read_at(taken_, input_.data(), input_.size());
      input_.resize(count.is_ok() ? *count : 0);
      if (!count.is_ok()) return std::move(count).status();
    }
    size_t kept = window_.size();
    window_.resize(kept + step_bytes);
    Result<StreamDecompressor::Step> step = stream_->step(std::string_view(input_).substr(input_at_), window_.data() + kept, step_bytes);
    window_.resize(kept + (step.is_ok() ? step->written : 0));
    if (!step.is_ok()) return std::move(step).status();
    input_at_ += step->read;
    taken_ += step->read;
    produced_end_ += step->written;
    is_between_members_ = step->is_between_members;
    if (step->written > 0 || (step->read == 0 && input_at_ == input_.size())) return {};
    if (step->read == 0) return invalid_argument("cannot decompress: the data makes no sense");
  }
}

}  // namespace vigia::receivers
