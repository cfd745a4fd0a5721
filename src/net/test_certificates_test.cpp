// Makes the certificate that the other tests of this layer use.

#include "net/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace vigia::net {
namespace {

struct Pair {
  std::string certificate;
  std::string key;
};

std::string drain(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

Pair make_pair() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  for (auto [nid, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"}, std::pair{NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_bio, certificate);
  BIO* key_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {drain(certificate_bio), drain(key_bio)};
}

const Pair& pair() {
  static const Pair made = make_pair();
  return made;
}
const Pair& other_pair() {
  static const Pair made = make_pair();
  return made;
}

TEST(TestCertificates, AreThere) {
  EXPECT_NE(test_certificate_pem().find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_NE(test_key_pem().find("PRIVATE KEY"), std::string::npos);
}

}  // namespace

const std::string& test_certificate_pem() { return pair().certificate; }
const std::string& test_key_pem() { return pair().key; }
std::string encrypted_key_pem() {
  BIO* input = BIO_new_mem_buf(pair().key.data(), static_cast<int>(pair().key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(input, nullptr, nullptr, nullptr);
  BIO_free(input);
  BIO* output = BIO_new(BIO_s_mem());
  unsigned char passphrase[] = "secret";
  PEM_write_bio_PrivateKey(output, key, EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr);
  EVP_PKEY_free(key);
  return drain(output);
}
const std::string& other_certificate_pem() { return other_pair().certificate; }
const std::string& other_key_pem() { return other_pair().key; }

}  // namespace vigia::net
