/* hostile CAPTURE SEED COUNT ADDR:PORT=PID…: sends COUNT datagrams to every target, whose process is PID, with source
 * addresses and ports as in CAPTURE (pcap, Ethernet, IPv4): mutations and copies of what was sent to that target, and
 * random bytes; one in eight from the address of this host. Needs a raw socket.
 *
 * A target's datagrams wait until it took the ones before, so that it handles them all and its socket's queue does not
 * throw them away. Prints the seed, then a line for each target: how many were sent, received and dropped, by the
 * counters of the target's network namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/address.h"
#include "common/clock.h"
#include "tests/tools/hostile.h"

#define BURST 32
#define QUEUE_LOW 16384 /* bytes that may wait at a target when the next burst goes out */
#define STALL_MS 20000
#define TARGETS_MAX 8
#define ETHERNET_HEADER 14

/* Network order, as the headers have it. */
struct end {
    in_addr_t ip;
    in_port_t port;
};

struct sample {
    struct end from;
    struct mutant packet;
};

/* The samples of one type: first and count within the target's. */
struct kind {
    size_t first, count;
};

struct target {
    const char *text;
    struct end end;
    long pid;
    struct sample *samples;
    size_t sample_count;
    struct kind kinds[256];
    size_t kind_count;
    uint64_t sent, received_before, dropped_before, progress_ms;
};

struct wire {
    struct iphdr ip;
    struct udphdr udp;
};

struct burst {
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST][2];
    struct wire headers[BURST];
    struct mutant packets[BURST];
    struct sockaddr_in to;
};

/* --- The capture ------------------------------------------------------------------------------------------------- */

static void keep_sample(struct target *target, const struct end *from, const uint8_t *data, size_t size) {
    if (size == 0 || size > MUTANT_MAX) return;
    if ((target->sample_count & (target->sample_count - 1)) == 0) {
        size_t capacity = target->sample_count ? 2 * target->sample_count : 1;
        target->samples = realloc(target->samples, capacity * sizeof *target->samples);
        if (!target->samples) hostile_fail("out of memory");
    }
    struct sample *sample = &target->samples[target->sample_count++];
    sample->from = *from;
    sample->packet.size = size;
    memcpy(sample->packet.data, data, size);
}

static void take_frame(struct target *targets, size_t count, const uint8_t *frame, size_t size) {
    struct iphdr ip;
    struct udphdr udp;
    if (size < ETHERNET_HEADER + sizeof ip || frame[12] != 0x08 || frame[13] != 0x00) return;
    memcpy(&ip, frame + ETHERNET_HEADER, sizeof ip);
    size_t at = ETHERNET_HEADER + 4u * ip.ihl;
    if (ip.protocol != IPPROTO_UDP || size < at + sizeof udp) return;
    memcpy(&udp, frame + at, sizeof udp);
    size_t length = ntohs(udp.len);
    if (length < sizeof udp || at + length > size) return;
    struct end from = {.ip = ip.saddr, .port = udp.source};
    for (size_t i = 0; i < count; i++)
        if (targets[i].end.ip == ip.daddr && targets[i].end.port == udp.dest)
            keep_sample(&targets[i], &from, frame + at + sizeof udp, length - sizeof udp);
}

static void load_capture(const char *file, struct target *targets, size_t count) {
    static uint8_t frame[65536];
    struct {
        uint32_t magic, other[5];
    } header;
    struct {
        uint32_t seconds, micros, kept, length;
    } record;
    FILE *in = fopen(file, "rb");
    if (!in || fread(&header, sizeof header, 1, in) != 1 || header.magic != 0xa1b2c3d4)
        hostile_fail("%s: a pcap file was expected", file);
    while (fread(&record, sizeof record, 1, in) == 1) {
        if (record.kept > sizeof frame || fread(frame, 1, record.kept, in) != record.kept)
            hostile_fail("%s: cut short", file);
        take_frame(targets, count, frame, record.kept);
    }
    fclose(in);
}

static int by_type(const void *a, const void *b) {
    const struct sample *left = a, *right = b;
    return left->packet.data[0] - right->packet.data[0];
}

/* Rare types are to come as often as heartbeats do. */
static void sort_samples(struct target *target) {
    if (target->sample_count == 0) hostile_fail("%s: nothing was captured", target->text);
    qsort(target->samples, target->sample_count, sizeof *target->samples, by_type);
    for (size_t i = 0; i < target->sample_count; i++) {
        bool new_kind = i == 0 || by_type(&target->samples[i - 1], &target->samples[i]) != 0;
        if (new_kind) target->kinds[target->kind_count++] = (struct kind){.first = i};
        target->kinds[target->kind_count - 1].count++;
    }
}

static const struct sample *any_sample(const struct target *target, struct chance *chance) {
    const struct kind *kind = &target->kinds[chance_below(chance, target->kind_count)];
    return &target->samples[kind->first + chance_below(chance, kind->count)];
}

/* --- The target, from outside ------------------------------------------------------------------------------------ */

static FILE *open_net(const struct target *target, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/net/%s", target->pid, name);
    FILE *in = fopen(path, "re");
    if (!in) hostile_fail("%s: process %ld is gone: %s", target->text, target->pid, strerror(errno));
    return in;
}

/* Bytes that wait in sockets on the target's port. */
static uint64_t queued(const struct target *target) {
    static const char *const tables[] = {"udp", "udp6"};
    char line[256];
    uint64_t sum = 0;
    for (size_t i = 0; i < 2; i++) {
        FILE *in = open_net(target, tables[i]);
        while (fgets(line, sizeof line, in)) {
            unsigned port, waiting; /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers fit */
            if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %*x %*x:%x", &port, &waiting) == 2 &&
                port == ntohs(target->end.port))
                sum += waiting;
        }
        fclose(in);
    }
    return sum;
}

/* Of /proc/net/snmp: datagrams that were read, and that found the queue full. */
static void udp_counters(const struct target *target, uint64_t *received, uint64_t *dropped) {
    char line[512];
    FILE *in = open_net(target, "snmp");
    bool found = false;
    while (!found && fgets(line, sizeof line, in)) {
        unsigned long long read, full; /* NOLINTNEXTLINE(cert-err34-c) */
        found = sscanf(line, "Udp: %llu %*u %*u %*u %llu", &read, &full) == 2;
        if (found) *received = read, *dropped = full;
    }
    fclose(in);
    if (!found) hostile_fail("%s: its network namespace has no UDP counters", target->text);
}

/* --- The flood --------------------------------------------------------------------------------------------------- */

static void make_packet(const struct target *target, struct chance *chance, struct mutant *out, struct end *from) {
    const struct sample *sample = any_sample(target, chance);
    size_t way = chance_below(chance, 32);
    *from = sample->from;
    *out = sample->packet;
    if (way < 4) { /* random */
        out->size = chance_below(chance, MUTANT_MAX + 1);
        chance_fill(chance, out->data, out->size);
        out->data[0] = chance_type(chance);
    } else if (way > 4) { /* 4: a copy */
        mutate(out, &any_sample(target, chance)->packet, chance);
    }
    if (chance_below(chance, 8) == 0) /* the kernel fills in our address */
        *from = (struct end){.port = chance_below(chance, 2) ? sample->from.port : (in_port_t)chance_next(chance)};
}

/* Without a UDP checksum, which IPv4 allows. */
static void make_headers(const struct target *target, const struct end *from, size_t size, struct wire *out) {
    size_t udp_size = sizeof out->udp + size;
    *out = (struct wire){
        .ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .saddr = from->ip, .daddr = target->end.ip},
        .udp = {.source = from->port, .dest = target->end.port, .len = htons((uint16_t)udp_size)}};
}

static void send_burst(int socket, struct target *target, struct burst *burst, size_t count, struct chance *chance) {
    burst->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = target->end.ip};
    for (size_t i = 0; i < count; i++) {
        struct end from;
        make_packet(target, chance, &burst->packets[i], &from);
        make_headers(target, &from, burst->packets[i].size, &burst->headers[i]);
        burst->parts[i][0] = (struct iovec){.iov_base = &burst->headers[i], .iov_len = sizeof burst->headers[i]};
        burst->parts[i][1] = (struct iovec){.iov_base = burst->packets[i].data, .iov_len = burst->packets[i].size};
        burst->messages[i] = (struct mmsghdr){
            .msg_hdr = {
                .msg_name = &burst->to, .msg_namelen = sizeof burst->to, .msg_iov = burst->parts[i], .msg_iovlen = 2}};
    }
    for (size_t done = 0; done < count;) {
        int sent = sendmmsg(socket, burst->messages + done, (unsigned)(count - done), 0);
        if (sent < 0 && errno != ENOBUFS && errno != EINTR) hostile_fail("cannot send: %s", strerror(errno));
        done += sent > 0 ? (size_t)sent : 0;
    }
    target->sent += count;
}

/* True when a burst went out. */
static bool serve(int socket, struct target *target, struct burst *burst, uint64_t total, struct chance *chance) {
    uint64_t now = clock_monotonic_ms(), left = total - target->sent;
    if (left == 0) return false;
    if (queued(target) > QUEUE_LOW) {
        if (now - target->progress_ms > STALL_MS)
            hostile_fail("%s: took nothing for %d s", target->text, STALL_MS / 1000);
        return false;
    }
    target->progress_ms = now;
    send_burst(socket, target, burst, left < BURST ? (size_t)left : BURST, chance);
    return true;
}

static void flood(struct target *targets, size_t count, uint64_t total, struct chance *chance) {
    static struct burst burst;
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (raw < 0) hostile_fail("a raw socket: %s", strerror(errno));
    for (size_t unfinished = count; unfinished > 0;) {
        bool any = false;
        unfinished = 0;
        for (size_t i = 0; i < count; i++) {
            any |= serve(raw, &targets[i], &burst, total, chance);
            unfinished += targets[i].sent < total;
        }
        if (!any) nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    close(raw);
}

static void wait_until_taken(struct target *target) {
    uint64_t deadline = clock_monotonic_ms() + STALL_MS;
    while (queued(target) > 0) {
        if (clock_monotonic_ms() > deadline) hostile_fail("%s: does not take the last ones", target->text);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* --- Main -------------------------------------------------------------------------------------------------------- */

static void parse_target(char *text, struct target *out) {
    struct address address;
    char *process = strchr(text, '=');
    if (process) *process++ = '\0';
    *out = (struct target){.text = text, .progress_ms = clock_monotonic_ms()};
    if (!process || !address_parse(text, 0, &address) || !address_is_ipv4(&address))
        hostile_fail("%s: IPv4 ADDR:PORT=PID was expected", text);
    memcpy(&out->end.ip, address.ip + 12, sizeof out->end.ip);
    out->end.port = htons(address.port);
    out->pid = (long)hostile_number(process);
}

int main(int argc, char **argv) {
    static struct target targets[TARGETS_MAX];
    size_t count = argc > 4 ? (size_t)argc - 4 : 0;
    if (count == 0 || count > TARGETS_MAX) hostile_fail("usage: hostile CAPTURE SEED COUNT ADDR:PORT=PID…");
    struct chance chance = {.state = hostile_number(argv[2])};
    uint64_t total = hostile_number(argv[3]);
    for (size_t i = 0; i < count; i++) parse_target(argv[4 + i], &targets[i]);
    load_capture(argv[1], targets, count);
    printf("seed %s\n", argv[2]);
    for (size_t i = 0; i < count; i++) {
        sort_samples(&targets[i]);
        udp_counters(&targets[i], &targets[i].received_before, &targets[i].dropped_before);
    }
    flood(targets, count, total, &chance);
    for (size_t i = 0; i < count; i++) {
        uint64_t received = 0, dropped = 0;
        wait_until_taken(&targets[i]);
        udp_counters(&targets[i], &received, &dropped);
        printf("%s kinds %zu sent %llu received %llu dropped %llu\n", targets[i].text, targets[i].kind_count,
               (unsigned long long)targets[i].sent, (unsigned long long)(received - targets[i].received_before),
               (unsigned long long)(dropped - targets[i].dropped_before));
        free(targets[i].samples);
    }
    return EXIT_SUCCESS;
}
