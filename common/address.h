/* Internet addresses in one canonical form: 16 bytes of IPv6, an IPv4 address as ::ffff:a.b.c.d, and a port.
 * Whatever came in as IPv4, v4-mapped or IPv6 compares, hashes and prints alike.
 *
 * A link-local IPv6 address (fe80::/10) names a host on one link alone, so it has a scope: the index of our interface
 * on that link, 0 where it is not known. It stands in bytes 4 to 7, which are zero in every such address (RFC 4291
 * §2.5.6), as BSD's kernels have it in theirs: so it takes part in comparing and hashing. It means something to this
 * machine alone and never leaves it: what goes into a packet is address_unscoped. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/attributes.h"
#include "common/why.h"

struct address {
    uint8_t ip[16];
    uint16_t port; /* host order */
};

/* Room for "[fe80:…:ffff%4294967295]:65535" and the final zero; an interface's name instead is no longer. */
#define ADDRESS_TEXT_SIZE 72

/* What an address is good for. PROTOCOL.md §2.5 has the table of the ranges, with their reasons. */
enum address_class {
    ADDRESS_UNUSABLE, /* nobody can have it, or it stands for another's; or port 0 */
    ADDRESS_LOOPBACK,
    ADDRESS_LINK_LOCAL,
    ADDRESS_PRIVATE, /* somebody else may have the same one elsewhere */
    ADDRESS_PUBLIC,  /* one host's in the whole world, or in a laboratory that plays the world */
};

static inline bool address_same_ip(const struct address *a, const struct address *b) {
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}
static inline bool address_equal(const struct address *a, const struct address *b) {
    return a->port == b->port && address_same_ip(a, b);
}
static inline bool address_is_ipv4(const struct address *address) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address->ip, prefix, sizeof prefix) == 0;
}
bool address_is_unspecified(const struct address *address); /* [::] or 0.0.0.0 */
enum address_class address_classify(const struct address *address);
/* Does its IP name a host only together with an interface (fe80::/10)? */
static inline bool address_is_scoped(const struct address *address) {
    return address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}
/* The index of that interface; 0: not known, or it needs none. */
uint32_t address_scope(const struct address *address);
/* The same with another scope, or none; an address that needs none is left as it is. */
struct address address_scoped(struct address address, uint32_t scope);
static inline struct address address_unscoped(struct address address) {
    return address_is_scoped(&address) ? address_scoped(address, 0) : address;
}

/* From what the kernel filled in. False for families other than AF_INET and AF_INET6. */
MUST_USE bool address_from_sockaddr(const struct sockaddr *from, struct address *out);
/* For a socket of `family` (AF_INET6 sockets take IPv4 as v4-mapped). Returns the length to hand to the
 * kernel, 0 when an AF_INET socket cannot reach an IPv6 address. */
socklen_t address_to_sockaddr(const struct address *address, int family, struct sockaddr_storage *out);

/* Parses numeric "1.2.3.4:5", "[::1]:5", "::1" or "1.2.3.4" (then with `default_port`; 0 means that a port
 * must be given), and "[fe80::1%eth0]:5" or "fe80::1%2" (RFC 4007 §11) with an interface that there is. Returns false
 * for anything else; `out` is untouched then. A given port may be 0 (bind: any). */
MUST_USE bool address_parse(const char *text, uint16_t default_port, struct address *out);
/* Splits "HOST:PORT", "[v6]:PORT", "HOST", "[v6]" or "v6" into host and port. False when malformed, also for a host
 * that no name server can know: an empty or too long label, numbers that are no address, marks of a URL. The interface
 * after a '%' need not be there now. */
MUST_USE bool address_split(const char *text, uint16_t default_port, char *host, size_t host_size, uint16_t *port);
/* Resolves "HOST:PORT", a place to send to, through getaddrinfo(3), which may block: never on a thread that must not.
 * `family`: AF_INET or AF_INET6 alone, or AF_UNSPEC for both, in the order in which to try them (RFC 6724). Returns how
 * many different addresses were written (at most `capacity`), or 0 with one clear line in `why`, which does not repeat
 * the text. */
MUST_USE size_t address_resolve(const char *text, uint16_t default_port, int family, struct address *out,
                                size_t capacity, struct why *why);
/* Is that the text of an address whose interface is not there now? Then its name goes to `out`. */
bool address_lacks_interface(const char *text, char out[static ADDRESS_TEXT_SIZE]);
/* Prints "1.2.3.4:5", "[2001:db8::1]:5" or, with the number of the interface, "[fe80::1%2]:5" into `out` and returns
 * it. */
char *address_format(const struct address *address, char out[static ADDRESS_TEXT_SIZE]);
