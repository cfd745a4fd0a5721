#pragma once

// The few things of OpenSSL that the handshake needs.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace vigia::receivers {

// SHA-512 of all parts behind one another, in hexadecimal.
std::string sha512_hex(std::initializer_list<std::string_view> parts);
// Bytes nobody can foresee.
std::string secret_bytes(size_t count);
// Takes as long whatever differs.
bool is_same_secret(std::string_view a, std::string_view b);

}  // namespace vigia::receivers
