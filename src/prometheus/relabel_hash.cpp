#include <openssl/evp.h>

#include "base/check.h"
#include "prometheus/relabel.h"

namespace vigia::prometheus {

uint64_t relabel_hash(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr) == 1 && size == 16);
  uint64_t number = 0;
  for (size_t i = 8; i < 16; i++) number = number << 8 | digest[i];
  return number;
}

}  // namespace vigia::prometheus
