#include "bootnode/rehearsal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootnode/listening.h"
#include "bootnode/stun_alternate.h"
#include "common/udp.h"
#include "common/why.h"

#define TRIALS 3 /* somebody may take a port between two of our calls */
#define PORTS_MOST (INI_ADDRESS_LIST_MAX + 1)
#define FINDINGS_MOST (INI_ADDRESS_LIST_MAX + STUN_CORNERS)

struct finding {
    const char *key;
    size_t item;
    char text[FAULTS_NAME_SIZE + 128];
};

struct rehearsal {
    const struct faults *faults;
    struct ini_address_list listen; /* with the ports of the rehearsal */
    struct {
        uint16_t real, ours;
    } ports[PORTS_MOST];
    size_t port_count;
    struct address bound[BOOTNODE_LISTENERS_MAX];
    int sockets[BOOTNODE_LISTENERS_MAX];
    size_t bound_count;
    bool missing[INI_ADDRESS_LIST_MAX]; /* of `listen`: not here now */
    struct finding findings[FINDINGS_MOST];
    size_t finding_count;
    bool in_use; /* a port was */
};

__attribute__((format(printf, 4, 5))) static void note_finding(struct rehearsal *rehearsal, const char *key,
                                                               size_t item, const char *format, ...) {
    struct finding *finding = &rehearsal->findings[rehearsal->finding_count];
    va_list arguments;
    if (rehearsal->finding_count == FINDINGS_MOST) return;
    rehearsal->finding_count++;
    finding->key = key;
    finding->item = item;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

/* --- Ports --- */

/* One that nobody has now, of either family; 0: there is none. */
static uint16_t free_port(void) {
    static const struct address ipv6_any, ipv4_any = {.ip = {[10] = 0xff, [11] = 0xff}};
    struct address bound = {.port = 0};
    struct why ignored;
    int socket = udp_open(&ipv6_any, &(struct udp_options){.reuse_port = false}, &ignored);
    if (socket < 0) socket = udp_open(&ipv4_any, &(struct udp_options){.reuse_port = false}, &ignored);
    if (socket < 0 || !udp_bound(socket, &bound)) bound.port = 0;
    if (socket >= 0) close(socket);
    return bound.port;
}

static bool is_taken(const struct rehearsal *rehearsal, uint16_t ours) {
    for (size_t i = 0; i < rehearsal->port_count; i++)
        if (rehearsal->ports[i].ours == ours) return true;
    return false;
}

/* Port 0 stays: the kernel chooses in any case. */
static uint16_t port_for(struct rehearsal *rehearsal, uint16_t real) {
    uint16_t ours;
    if (real == 0) return 0;
    for (size_t i = 0; i < rehearsal->port_count; i++)
        if (rehearsal->ports[i].real == real) return rehearsal->ports[i].ours;
    do ours = free_port();
    while (ours != 0 && is_taken(rehearsal, ours));
    if (rehearsal->port_count < PORTS_MOST) {
        rehearsal->ports[rehearsal->port_count].real = real;
        rehearsal->ports[rehearsal->port_count++].ours = ours;
    }
    return ours;
}

/* --- `listen` --- */

static size_t item_of(const struct rehearsal *rehearsal, const struct address *address) {
    size_t item = 0;
    while (item + 1 < rehearsal->listen.count && !address_equal(&rehearsal->listen.items[item], address)) item++;
    return item;
}

/* As somebody alone; 0, or a negative errno. */
static int try_alone(struct listening *item) {
    struct why ignored;
    int socket = udp_open(&item->address, &(struct udp_options){.ipv6_alone = item->ipv6_alone}, &ignored);
    if (socket >= 0) close(socket);
    item->missing = socket == -EADDRNOTAVAIL && !address_is_unspecified(&item->address);
    return socket >= 0 || item->missing ? 0 : socket;
}

static int open_together(struct rehearsal *rehearsal, const struct listening *item) {
    const struct udp_options options = {.reuse_port = true,
                                        .packet_info = address_is_unspecified(&item->address),
                                        .ipv6_alone = item->ipv6_alone,
                                        .not_here_yet = item->missing};
    struct why ignored;
    int socket = udp_open(&item->address, &options, &ignored);
    if (socket < 0) return socket;
    rehearsal->bound[rehearsal->bound_count] = item->address;
    (void)udp_bound(socket, &rehearsal->bound[rehearsal->bound_count]);
    rehearsal->sockets[rehearsal->bound_count++] = socket;
    return 0;
}

static void refuse(struct rehearsal *rehearsal, const char *key, size_t item, int error) {
    rehearsal->in_use = rehearsal->in_use || error == -EADDRINUSE;
    note_finding(rehearsal, key, item, "cannot be listened on: %s", strerror(-error));
}

/* Without IPv6 [::] is 0.0.0.0, and nothing where that stands there, too. */
static bool has_socket(const struct rehearsal *rehearsal, struct listening *item, int error) {
    bool no_ipv6 = address_is_unspecified(&item->address) && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
    return !no_ipv6 || listening_without_ipv6(&rehearsal->listen, item);
}

static void open_listening(struct rehearsal *rehearsal) {
    struct listening items[INI_ADDRESS_LIST_MAX];
    size_t count = listening_plan(&rehearsal->listen, items);
    for (size_t i = 0; i < count; i++) {
        size_t item = item_of(rehearsal, &items[i].address);
        int error = try_alone(&items[i]);
        if (error != 0 && !has_socket(rehearsal, &items[i], error)) continue;
        if (error != 0) error = try_alone(&items[i]);
        rehearsal->missing[item] = items[i].missing;
        if (error != 0) refuse(rehearsal, "listen", item, error);
    }
    for (size_t i = 0; i < count && rehearsal->finding_count == 0; i++) {
        int error = open_together(rehearsal, &items[i]);
        if (error != 0) refuse(rehearsal, "listen", item_of(rehearsal, &items[i].address), error);
    }
}

/* --- `stun_alternate` --- */

static bool is_bound(const struct rehearsal *rehearsal, const struct address *address) {
    for (size_t i = 0; i < rehearsal->bound_count; i++)
        if (address_equal(&rehearsal->bound[i], address)) return true;
    return false;
}

/* Which of `listen` has the port already; NULL: none. */
static const struct address *find_overlap(const struct rehearsal *rehearsal, const struct address *wanted) {
    for (size_t i = 0; i < rehearsal->listen.count; i++)
        if (rehearsal->listen.items[i].port == wanted->port) return &rehearsal->listen.items[i];
    return NULL;
}

static void open_corner(struct rehearsal *rehearsal, const struct stun_alternate *stun, unsigned corner) {
    struct listening wanted = {.address = stun_alternate_bound(stun, corner)};
    char name[FAULTS_NAME_SIZE];
    if (is_bound(rehearsal, &wanted.address)) return;
    int error = try_alone(&wanted);
    const struct address *other = error == -EADDRINUSE ? find_overlap(rehearsal, &wanted.address) : NULL;
    if (error == 0) error = open_together(rehearsal, &wanted);
    if (error == 0) return;
    if (!other) {
        refuse(rehearsal, "stun_alternate", 0, error);
        return;
    }
    rehearsal->in_use = true;
    faults_name(rehearsal->faults, "listen", item_of(rehearsal, other), name);
    note_finding(rehearsal, "stun_alternate", 0, "its port is opened at %s, too, and overlaps there with %s",
                 address_is_unspecified(&wanted.address) ? "every address" : "that of listen", name);
}

static void open_alternate(struct rehearsal *rehearsal) {
    const struct ini_address_list *list = &rehearsal->faults->config->stun_alternate;
    struct stun_alternate stun;
    if (list->count == 0 || rehearsal->finding_count > 0) return;
    struct address other = list->items[0];
    other.port = port_for(rehearsal, other.port);
    if (!stun_alternate_choose(rehearsal->bound, rehearsal->bound_count, &other, &stun)) return;
    for (unsigned corner = 1; corner < STUN_CORNERS && rehearsal->finding_count == 0; corner++)
        open_corner(rehearsal, &stun, corner);
}

static void rehearse(struct rehearsal *rehearsal) {
    for (size_t i = 0; i < rehearsal->listen.count; i++)
        rehearsal->listen.items[i].port = port_for(rehearsal, rehearsal->listen.items[i].port);
    open_listening(rehearsal);
    open_alternate(rehearsal);
    while (rehearsal->bound_count > 0) close(rehearsal->sockets[--rehearsal->bound_count]);
}

static void report(struct faults *faults, const struct rehearsal *rehearsal, FILE *notes) {
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < rehearsal->finding_count; i++)
        faults_add(faults, rehearsal->findings[i].key, rehearsal->findings[i].item, "%s", rehearsal->findings[i].text);
    for (size_t i = 0; i < rehearsal->listen.count; i++)
        if (rehearsal->missing[i])
            fprintf(notes, "listen = %s: this machine has no such address now\n",
                    address_format(&faults->config->listen.items[i], text));
}

void rehearsal_listen(struct faults *faults, FILE *notes) {
    struct rehearsal rehearsal;
    if (!faults_known(faults, "listen") || !faults_known(faults, "stun_alternate")) return;
    for (int trial = 0; trial < TRIALS; trial++) {
        rehearsal = (struct rehearsal){.faults = faults, .listen = faults->config->listen};
        rehearse(&rehearsal);
        if (!rehearsal.in_use) break;
    }
    report(faults, &rehearsal, notes);
}

/* --- `metrics` --- */

void rehearsal_metrics(struct faults *faults) {
    const struct ini_address_list *list = &faults->config->metrics;
    struct sockaddr_storage name;
    if (list->count == 0 || !faults_known(faults, "metrics")) return;
    struct address address = list->items[0];
    int family = address_is_ipv4(&address) ? AF_INET : AF_INET6;
    address.port = 0;
    socklen_t size = address_to_sockaddr(&address, family, &name);
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&name, size) != 0)
        faults_add(faults, "metrics", 0, "cannot be listened on: %s", strerror(errno));
    if (descriptor >= 0) close(descriptor);
}
