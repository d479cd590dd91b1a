#include "client/doctor/main.h"

#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/command_line/command_line.h"
#include "client/doctor/homes_examination.h"
#include "client/doctor/own_networks.h"
#include "client/doctor/report.h"
#include "client/doctor/servers.h"
#include "client/keys/secret_file.h"
#include "client/network/candidates.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/names.h"
#include "common/udp.h"
#include "common/why.h"

#define SERVERS_MAX (BOOTNODES_MAX * BOOTNODE_ADDRESSES)
#define SOCKETS (LIFETIME_SOCKETS_FROM + LIFETIME_RUNGS)
#define BATCH 16
#define WHY_SIZE 512

enum family { IPV4, IPV6, FAMILIES };

struct doctor {
    struct helper helper;
    struct client_config config; /* bootnode, port, timeout, room, secret_file, json and lifetime count */
    struct bootnode bootnodes[BOOTNODES_MAX];
    size_t bootnode_count;
    struct address servers[FAMILIES][SERVERS_MAX];
    size_t server_count[FAMILIES];
    int sockets[SOCKETS]; /* -1: not open */
    struct udp_batch *batch;
    struct examination examinations[FAMILIES];
    struct homes_examination homes[BOOTNODES_MAX];
    uint16_t bucket; /* that they are asked for */
    struct lifetime lifetime;
    struct gateway gateway;
    uint64_t said_alive_s;
};

/* One line, and an object for who reads nothing else. */
__attribute__((format(printf, 3, 4))) static int fail(const struct doctor *doctor, int status, const char *format,
                                                      ...) {
    char line[2 * WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "gochat: %s\n", line);
    if (doctor->config.json) report_failure(doctor->config.bootnode, line, status, stdout);
    return status;
}

/* --- Sockets --- */

/* Dual stack, or IPv4 alone where there is no IPv6. */
static int open_socket(uint16_t port, struct why *why) {
    const struct udp_options options = {.reuse_port = false};
    struct address any = {.port = port};
    int socket = udp_open(&any, &options, why);
    if (socket != -EAFNOSUPPORT && socket != -EADDRNOTAVAIL) return socket;
    (void)address_parse("0.0.0.0:0", 0, &any);
    any.port = port;
    return udp_open(&any, &options, why);
}

/* A status; DIRECT: it is open. */
static int open_first(struct doctor *doctor) {
    struct why why;
    doctor->batch = udp_batch_create(BATCH);
    if (!doctor->batch) return fail(doctor, DOCTOR_STATUS_FAILED, "out of memory");
    doctor->sockets[0] = open_socket((uint16_t)doctor->config.port, &why);
    if (doctor->sockets[0] >= 0) return DOCTOR_STATUS_DIRECT;
    return fail(doctor, DOCTOR_STATUS_FAILED, "--port %lld: %s", doctor->config.port, why.text);
}

/* What cannot be sent is lost like any datagram: the findings say that nobody answered. */
static void send_packet(struct doctor *doctor, uint16_t socket, const struct address *to, const uint8_t *data,
                        size_t size) {
    struct why why;
    const struct datagram datagram = {.peer = *to, .data = data, .size = size};
    if (doctor->sockets[socket] < 0) doctor->sockets[socket] = open_socket(0, &why);
    if (doctor->sockets[socket] < 0) return;
    udp_batch_clear(doctor->batch);
    if (udp_batch_add(doctor->batch, &datagram)) (void)udp_send(doctor->sockets[socket], doctor->batch);
}

static void handle(struct doctor *doctor, uint16_t socket, const struct datagram *datagram, uint64_t now) {
    uint64_t wall = clock_wall_ms();
    for (size_t i = 0; i < doctor->bootnode_count; i++)
        if (homes_examination_receive(&doctor->homes[i], &datagram->peer, datagram->data, datagram->size, now)) return;
    for (enum family i = 0; i < FAMILIES; i++)
        if (examination_receive(&doctor->examinations[i], socket, &datagram->peer, datagram->data, datagram->size, now,
                                wall))
            return;
    (void)lifetime_receive(&doctor->lifetime, socket, &datagram->peer, datagram->data, datagram->size, now);
}

static void receive(struct doctor *doctor, uint16_t socket) {
    int count = udp_receive(doctor->sockets[socket], doctor->batch);
    uint64_t now = clock_boot_ms();
    for (int i = 0; i < count; i++) {
        const struct datagram datagram = udp_batch_get(doctor->batch, (size_t)i);
        if (datagram.size <= UDP_DATAGRAM_MAX) handle(doctor, socket, &datagram, now);
    }
}

static void wait_until(struct doctor *doctor, uint64_t due) {
    struct pollfd wanted[SOCKETS];
    uint64_t now = clock_boot_ms();
    for (size_t i = 0; i < SOCKETS; i++) wanted[i] = (struct pollfd){.fd = doctor->sockets[i], .events = POLLIN};
    if (poll(wanted, SOCKETS, due <= now ? 0 : (int)(due - now)) <= 0) return;
    for (uint16_t i = 0; i < SOCKETS; i++)
        if (wanted[i].revents) receive(doctor, i);
}

/* --- Asking --- */

static void sort_by_family(struct doctor *doctor, const struct bootnode *bootnode) {
    for (size_t i = 0; i < bootnode->address_count; i++) {
        enum family family = address_is_ipv4(&bootnode->addresses[i]) ? IPV4 : IPV6;
        doctor->servers[family][doctor->server_count[family]++] = bootnode->addresses[i];
    }
}

/* A status; DIRECT: one of them at least is known. As for the client, another one will do. */
static int resolve(struct doctor *doctor) {
    const struct client_config *config = &doctor->config;
    struct why why;
    doctor->bootnode_count =
        servers_find(config->bootnode, (uint64_t)config->timeout * 1000, &doctor->helper, doctor->bootnodes, &why);
    if (doctor->bootnode_count == 0) return fail(doctor, DOCTOR_STATUS_FAILED, "%s", why.text);
    for (size_t i = 0; i < doctor->bootnode_count; i++) sort_by_family(doctor, &doctor->bootnodes[i]);
    return DOCTOR_STATUS_DIRECT;
}

/* A status; DIRECT: it is chosen. A room's, as the client derives it; or any, which says as much of a cluster's nodes.
 */
static int choose_bucket(struct doctor *doctor) {
    const struct client_config *config = &doctor->config;
    uint8_t secret[ROOM_SECRET_MAX];
    size_t size = 0;
    struct room_keys keys;
    struct why why;
    doctor->bucket = (uint16_t)randombytes_uniform(1u << BUCKET_BITS);
    if (!config->room[0]) return DOCTOR_STATUS_DIRECT;
    if (config->secret_file[0] &&
        !secret_file_read(config->secret_file, getenv("CREDENTIALS_DIRECTORY"), secret, &size, &why))
        return fail(doctor, DOCTOR_STATUS_USAGE, "--secret-file %s: %s", config->secret_file, why.text);
    bool derived = room_keys_derive(config->room, secret, size, &keys);
    if (derived) doctor->bucket = room_bucket(keys.set.tag);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(&keys, sizeof keys);
    return derived ? DOCTOR_STATUS_DIRECT : fail(doctor, DOCTOR_STATUS_FAILED, "out of memory");
}

/* The address that the kernel would send from; false where there is no way. */
static bool local_towards(const struct address *server, struct address *out) {
    struct sockaddr_storage name;
    int family = address_is_ipv4(server) ? AF_INET : AF_INET6;
    socklen_t size = address_to_sockaddr(server, family, &name);
    int probe = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = probe >= 0 && connect(probe, (const struct sockaddr *)&name, size) == 0 && udp_bound(probe, out);
    if (probe >= 0) close(probe);
    return found;
}

static void start_examinations(struct doctor *doctor, uint64_t now) {
    struct address bound = {.port = 0};
    (void)udp_bound(doctor->sockets[0], &bound);
    for (enum family i = 0; i < FAMILIES; i++) {
        struct address local = {.port = 0};
        size_t count = doctor->server_count[i];
        if (count > 0 && !local_towards(&doctor->servers[i][0], &local)) count = 0;
        local.port = bound.port;
        examination_start(&doctor->examinations[i], doctor->servers[i], count, &local, now);
    }
}

/* Port 0: there is no way to this family, as far as the kernel knows. Where the bootnodes have no address of it their
 * homes may, so the kernel is asked for the way to an address that is nobody's (RFC 5737, RFC 3849). */
static struct address way_to(const struct doctor *doctor, enum family family) {
    static const char *const far[] = {[IPV4] = "192.0.2.1:9", [IPV6] = "[2001:db8::1]:9"};
    const struct examination *examination = &doctor->examinations[family];
    struct address to, local = examination->local;
    if (doctor->server_count[family] > 0) return examination->present ? local : (struct address){.port = 0};
    if (!address_parse(far[family], 0, &to) || !local_towards(&to, &local)) return (struct address){.port = 0};
    local.port = examination->local.port;
    return local;
}

static void start_homes(struct doctor *doctor, uint64_t now) {
    const struct homes_ways ways = {.ipv4 = way_to(doctor, IPV4), .ipv6 = way_to(doctor, IPV6)};
    for (size_t i = 0; i < doctor->bootnode_count; i++) {
        const struct bootnode *bootnode = &doctor->bootnodes[i];
        homes_examination_start(&doctor->homes[i], bootnode->name, bootnode->addresses, bootnode->address_count,
                                doctor->bucket, &ways, now);
    }
}

static void tick(struct doctor *doctor, uint64_t now) {
    uint8_t packet[HELLO_SIZE];
    _Static_assert(HELLO_SIZE >= STUN_REQUEST_MAX, "either fits");
    struct address to;
    uint16_t socket;
    size_t size;
    for (enum family i = 0; i < FAMILIES; i++)
        while ((size = examination_tick(&doctor->examinations[i], now, &socket, &to, packet)) > 0)
            send_packet(doctor, socket, &to, packet, size);
    for (size_t i = 0; i < doctor->bootnode_count; i++)
        while ((size = homes_examination_tick(&doctor->homes[i], now, &to, packet)) > 0)
            send_packet(doctor, 0, &to, packet, size);
    while ((size = lifetime_tick(&doctor->lifetime, now, &socket, &to, packet)) > 0)
        send_packet(doctor, socket, &to, packet, size);
}

static uint64_t due(const struct doctor *doctor) {
    uint64_t soonest = lifetime_due(&doctor->lifetime);
    for (enum family i = 0; i < FAMILIES; i++) soonest = earlier(soonest, examination_due(&doctor->examinations[i]));
    for (size_t i = 0; i < doctor->bootnode_count; i++)
        soonest = earlier(soonest, homes_examination_due(&doctor->homes[i]));
    return soonest;
}

/* Only where there is something in between, which may be what we ask. */
static void ask_gateway(struct doctor *doctor) {
    struct findings findings;
    if (doctor->gateway.findings.asked) return;
    examination_findings(&doctor->examinations[IPV4], &findings);
    if (findings.translated == ANSWER_YES) gateway_start(&doctor->gateway, &doctor->helper);
}

/* Ten minutes are long to say nothing. */
static void say_progress(struct doctor *doctor) {
    if (doctor->lifetime.alive_s <= doctor->said_alive_s) return;
    doctor->said_alive_s = doctor->lifetime.alive_s;
    fprintf(stderr, "gochat: a mapping lives %" PRIu64 " s\n", doctor->said_alive_s);
}

static void run(struct doctor *doctor) {
    uint64_t next;
    while ((next = due(doctor)) != NEVER) {
        wait_until(doctor, next);
        tick(doctor, clock_boot_ms());
        ask_gateway(doctor);
        say_progress(doctor);
    }
}

static void measure_lifetime(struct doctor *doctor, const struct diagnosis *diagnosis) {
    const struct findings *findings = diagnosis->ipv4.answered > 0 ? &diagnosis->ipv4 : &diagnosis->ipv6;
    if (findings->answered == 0) return;
    fprintf(stderr, "gochat: measuring how long a mapping lives: up to %d minutes\n", LIFETIME_MOST_S / 60);
    lifetime_start(&doctor->lifetime, &findings->server, clock_boot_ms());
    run(doctor);
}

/* Which of the addresses are ours, and our networks'. */
static void look_at_interfaces(const struct doctor *doctor, struct diagnosis *diagnosis) {
    struct ifaddrs *interfaces;
    uint16_t port = doctor->examinations[IPV4].local.port;
    struct interfaces all;
    interfaces_read(&all);
    candidates_select(&all, port, true, &diagnosis->offered);
    interfaces_clear(&all);
    if (getifaddrs(&interfaces) != 0) return;
    diagnosis->ipv4.near = own_networks_have(interfaces, &diagnosis->ipv4.mapped);
    diagnosis->ipv6.near = own_networks_have(interfaces, &diagnosis->ipv6.mapped);
    freeifaddrs(interfaces);
}

static void take_findings(const struct doctor *doctor, enum family family, struct findings *out) {
    examination_findings(&doctor->examinations[family], out);
    out->named = doctor->server_count[family] > 0;
    if (!out->present && out->named) out->server = doctor->servers[family][0];
}

static int examine(struct doctor *doctor) {
    struct diagnosis diagnosis = {.bootnodes = doctor->config.bootnode,
                                  .homes = doctor->homes,
                                  .homes_count = doctor->bootnode_count,
                                  .bucket_is_drawn = !doctor->config.room[0]};
    start_examinations(doctor, clock_boot_ms());
    start_homes(doctor, clock_boot_ms());
    run(doctor);
    take_findings(doctor, IPV4, &diagnosis.ipv4);
    take_findings(doctor, IPV6, &diagnosis.ipv6);
    look_at_interfaces(doctor, &diagnosis);
    if (doctor->config.lifetime) {
        measure_lifetime(doctor, &diagnosis);
        diagnosis.lifetime = &doctor->lifetime;
    }
    gateway_finish(&doctor->gateway);
    diagnosis.gateway = doctor->gateway.findings;
    diagnosis_conclude(&diagnosis);
    (doctor->config.json ? report_to_programs : report_to_people)(&diagnosis, stdout);
    return diagnosis.verdict.status;
}

static int read_and_run(int argc, char **argv, struct doctor *doctor) {
    int status;
    switch (command_line_read(argc, argv, &doctor->config)) {
    case COMMAND_LINE_DONE: return 0;
    case COMMAND_LINE_BAD: return DOCTOR_STATUS_USAGE;
    case COMMAND_LINE_RUN: break;
    }
    if (sodium_init() < 0) return DOCTOR_STATUS_FAILED;
    for (size_t i = 0; i < SOCKETS; i++) doctor->sockets[i] = -1;
    status = choose_bucket(doctor);
    if (status == DOCTOR_STATUS_DIRECT) status = resolve(doctor);
    if (status == DOCTOR_STATUS_DIRECT) status = open_first(doctor);
    if (status == DOCTOR_STATUS_DIRECT) status = examine(doctor);
    for (size_t i = 0; i < SOCKETS; i++)
        if (doctor->sockets[i] >= 0) close(doctor->sockets[i]);
    udp_batch_destroy(doctor->batch);
    return status;
}

int doctor_main(int argc, char **argv) {
    static struct doctor doctor;
    int error = helper_start(&doctor.helper, argc, argv);
    if (error != 0) {
        fprintf(stderr, "gochat: cannot start the helper process: %s\n", strerror(-error));
        return DOCTOR_STATUS_FAILED;
    }
    int status = read_and_run(argc, argv, &doctor);
    helper_end(&doctor.helper);
    return status;
}
