/* spoofer ADDR:PORT COUNT RATE [SEED]: sends COUNT datagrams to a bootnode on loopback, at most RATE a second (0: as
 * fast as it can), each from another forged source in 127.0.0.0/8: HELLO, and REGISTER with a cookie that nobody gave,
 * in turn. Says how many the kernel took. Needs a raw socket. */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/address.h"
#include "common/clock.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"

#define BATCH 64
#define HEADERS_SIZE (sizeof(struct iphdr) + sizeof(struct udphdr))

struct forged {
    uint8_t bytes[HEADERS_SIZE + REGISTER_SIZE];
    size_t size;
};

static uint64_t random_state;

/* splitmix64 (Vigna): the sources have to differ, not to be secret. */
static uint64_t next_random(void) {
    uint64_t x = random_state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static size_t write_hello(uint8_t *out) {
    const struct hello hello = {.version = PROTOCOL_VERSION, .nonce = next_random()};
    return hello_encode(&hello, out, REGISTER_SIZE);
}

static size_t write_register(uint8_t *out) {
    const size_t noise_size = 48 + REGISTER_BODY_MIN; /* Noise_NK message 1 without candidates */
    struct register_message message = {.attempt = next_random(), .noise_size = noise_size};
    message.cookie.time = (uint32_t)next_random() % 100;
    for (size_t i = 0; i < TAG_SIZE; i++) message.cookie.tag[i] = (uint8_t)next_random();
    size_t at = register_start(&message, out, REGISTER_SIZE);
    for (size_t i = 0; i < noise_size; i++) out[at + i] = (uint8_t)next_random();
    return register_finish(out, noise_size, REGISTER_SIZE);
}

static void forge(struct forged *packet, const struct sockaddr_in *to, bool hello) {
    uint64_t random = next_random();
    size_t size = (hello ? write_hello : write_register)(packet->bytes + HEADERS_SIZE);
    packet->size = HEADERS_SIZE + size;
    struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .daddr = to->sin_addr.s_addr};
    ip.tot_len = htons((uint16_t)packet->size);
    ip.saddr = htonl(0x7f000000U | (uint32_t)(random & 0xfffffe) | 1);
    /* No checksum: IPv4 lets UDP go without. */
    struct udphdr udp = {.dest = to->sin_port, .len = htons((uint16_t)(sizeof udp + size))};
    udp.source = htons((uint16_t)(1024 + (random >> 32) % 60000));
    memcpy(packet->bytes, &ip, sizeof ip);
    memcpy(packet->bytes + sizeof ip, &udp, sizeof udp);
}

static size_t send_batch(int raw, struct sockaddr_in *to, size_t count) {
    static struct forged packets[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < count; i++) {
        forge(&packets[i], to, i % 2 == 0);
        vectors[i] = (struct iovec){packets[i].bytes, packets[i].size};
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int sent = sendmmsg(raw, messages, (unsigned)count, 0);
    return sent > 0 ? (size_t)sent : 0;
}

static uint64_t flood(int raw, struct sockaddr_in *to, uint64_t count, uint64_t rate) {
    uint64_t start = clock_monotonic_ms(), tried = 0, sent = 0;
    while (tried < count) {
        uint64_t allowed = rate ? (clock_monotonic_ms() - start + 1) * rate / 1000 : UINT64_MAX;
        if (tried >= allowed) {
            usleep(1000);
            continue;
        }
        size_t batch = count - tried < BATCH ? (size_t)(count - tried) : BATCH;
        sent += send_batch(raw, to, batch);
        tried += batch;
    }
    return sent;
}

int main(int argc, char **argv) {
    struct address target;
    if (argc < 4 || !address_parse(argv[1], 0, &target) || !address_is_ipv4(&target)) {
        fprintf(stderr, "usage: spoofer IPV4:PORT COUNT RATE [SEED]\n");
        return 2;
    }
    struct sockaddr_storage name;
    (void)address_to_sockaddr(&target, AF_INET, &name);
    struct sockaddr_in to;
    memcpy(&to, &name, sizeof to);
    random_state = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (raw < 0) {
        fprintf(stderr, "spoofer: a raw socket: %s\n", strerror(errno));
        return 1;
    }
    printf("%llu\n", (unsigned long long)flood(raw, &to, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)));
    close(raw);
    return 0;
}
