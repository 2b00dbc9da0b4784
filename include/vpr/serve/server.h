// The service on a socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "vpr/base/progress.h"
#include "vpr/serve/service.h"

namespace vpr {

struct ServerOptions {
  std::string address = "127.0.0.1";  // an address, or localhost
  std::uint16_t port = 8800;          // 0: any that is free
  int socket = -1;                    // that listens already, instead of them: FindPassedSocket
  std::string wyoming_address;        // of the Wyoming protocol; empty: not served
  std::uint16_t wyoming_port = 0;
  int threads = 0;                      // recordings worked on at once; 0: one for every processor
  std::size_t queue = 64;               // requests that may wait for one of them
  std::size_t connections = 2000;       // open at once
  std::size_t body_memory = 512 << 20;  // bytes of all bodies under way
  std::chrono::seconds idle{60};        // that a connection may say nothing
  std::chrono::seconds grace{30};       // for what is under way when the server is stopped
};

// Whether only this machine can reach it.
bool IsLoopback(const std::string& address);

// A listening TCP socket that systemd passed (sd_listen_fds(3)), with the address that it is bound
// to; the process's children are not told of it. Nothing without one. Throws kInvalidArgument for
// several, or one of another kind.
struct PassedSocket {
  int descriptor = -1;
  std::string address;
};
std::optional<PassedSocket> FindPassedSocket();

// "127.0.0.1:8800", "[::1]:8800". Throws kInvalidArgument.
void ParseListen(const std::string& text, std::string& address, std::uint16_t& port);

// Decides where to listen: at `listen`, or where systemd passed a socket, and at `wyoming` (empty:
// nowhere) for the Wyoming protocol; and who may call there, by the tokens of the file that
// FindTokens finds for service.access.tokens. Warns (service.warn) where nobody may, or everybody.
// Throws kInvalidArgument for addresses that cannot be, for a Wyoming address that others can
// reach, as that protocol knows no tokens, and for one that others can reach without any token.
void DecideListening(const std::string& listen, const std::string& wyoming, ServiceOptions& service,
                     ServerOptions& server);

// Serves until `stop` says so; then finishes what is under way. `listening` is told the addresses
// as they can be called ("127.0.0.1:8800"; empty: no Wyoming) as soon as they can be. Throws kIo if
// it cannot listen.
void RunServer(
    Service& service, const ServerOptions& options, const StopRequested& stop,
    const std::function<void(const std::string& http, const std::string& wyoming)>& listening);

}  // namespace vpr
