#include "receivers/filelog/opened_file.h"

#include "receivers/filelog/content.h"
#include "receivers/filelog/decompressed_file.h"

namespace vigia::receivers {

Result<OpenedFile> open_log_file(FileSystem& files, const std::string& path, const FilelogConfig& config) {
  OpenedFile opened;
  ASSIGN_OR_RETURN(opened.file, files.open_file(path, FileMode::read));
  ASSIGN_OR_RETURN(opened.facts, opened.file->facts());
  if (opened.facts.kind != FileKind::regular) return invalid_argument("cannot read " + path + ": it is no file");
  ASSIGN_OR_RETURN(std::string beginning, read_range(*opened.file, 0, 4));
  Compression compression = compression_by_content(beginning);
  if (compression == Compression::none) return opened;
  bool is_wanted =
      config.compressed == CompressedFiles::all || (config.compressed == CompressedFiles::gzip && compression == Compression::gzip);
  if (is_wanted) {
    opened.compression = compression;
    opened.file = std::make_unique<DecompressedFile>(std::move(opened.file), compression);
  } else {
    // As bytes, anything may be read.
    opened.is_unwanted = config.splitter.encoding.kind() != TextEncoding::Kind::nop;
  }
  return opened;
}

}  // namespace vigia::receivers
