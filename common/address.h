/* Internet addresses in one canonical form: 16 bytes of IPv6, an IPv4 address as ::ffff:a.b.c.d, and a port.
 * Whatever came in as IPv4, v4-mapped or IPv6 compares, hashes and prints alike. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/attributes.h"
#include "common/why.h"

struct address {
    uint8_t ip[16];
    uint16_t port; /* host order */
};

/* Room for "[ffff:…:255.255.255.255]:65535" and the final zero. */
#define ADDRESS_TEXT_SIZE 56

/* What an address is good for, by the IANA special-purpose registries (RFC 6890). Documentation and benchmarking
 * ranges count as public, because laboratories use them. */
enum address_class {
    ADDRESS_UNUSABLE, /* unspecified, 0/8, multicast, broadcast, reserved, v4-compatible, 6to4, Teredo; or port 0 */
    ADDRESS_LOOPBACK,
    ADDRESS_LINK_LOCAL,
    ADDRESS_PRIVATE, /* RFC 1918, 100.64/10 (RFC 6598), fc00::/7 */
    ADDRESS_PUBLIC,
};

bool address_equal(const struct address *a, const struct address *b);
bool address_same_ip(const struct address *a, const struct address *b);
bool address_is_ipv4(const struct address *address);
enum address_class address_classify(const struct address *address);

/* From what the kernel filled in. False for families other than AF_INET and AF_INET6. */
MUST_USE bool address_from_sockaddr(const struct sockaddr *from, struct address *out);
/* For a socket of `family` (AF_INET6 sockets take IPv4 as v4-mapped). Returns the length to hand to the
 * kernel, 0 when an AF_INET socket cannot reach an IPv6 address. */
socklen_t address_to_sockaddr(const struct address *address, int family, struct sockaddr_storage *out);

/* Parses numeric "1.2.3.4:5", "[::1]:5", "::1" or "1.2.3.4" (then with `default_port`; 0 means that a port
 * must be given). Returns false for anything else; `out` is untouched then. A given port may be 0 (bind: any). */
MUST_USE bool address_parse(const char *text, uint16_t default_port, struct address *out);
/* Splits "HOST:PORT", "[v6]:PORT", "HOST", "[v6]" or "v6" into host and port. False when malformed, also for a host
 * that no name server can know: an empty or too long label, numbers that are no address, marks of a URL. */
MUST_USE bool address_split(const char *text, uint16_t default_port, char *host, size_t host_size, uint16_t *port);
/* Resolves "HOST:PORT", a place to send to, through getaddrinfo(3), which may block: never on a thread that must not.
 * Returns how many different addresses were written (at most `capacity`), or 0 with one clear line in `why`,
 * which does not repeat the text. */
MUST_USE size_t address_resolve(const char *text, uint16_t default_port, struct address *out, size_t capacity,
                                struct why *why);
/* Prints "1.2.3.4:5" or "[2001:db8::1]:5" into `out` and returns it. */
char *address_format(const struct address *address, char out[static ADDRESS_TEXT_SIZE]);
