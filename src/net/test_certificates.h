#pragma once

// Two self-signed certificates for "localhost" and 127.0.0.1, made anew by each test program.

#include <string>

namespace vigia::net {

const std::string& test_certificate_pem();
const std::string& test_key_pem();
// The first key behind a passphrase.
std::string encrypted_key_pem();
const std::string& other_certificate_pem();
const std::string& other_key_pem();

}  // namespace vigia::net
