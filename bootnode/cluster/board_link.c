#include "bootnode/cluster/board_link.h"

#include <nats/nats.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "common/address.h"
#include "common/append.h"
#include "common/clock.h"
#include "common/thread.h"

#define PENDING_MESSAGES 4096 /* that libnats keeps for us; more are dropped */
#define PENDING_BYTES (1 << 20)
#define PINGS_OUT 2
#define REFUSED_MS 1000 /* between two packets that say so */
#define SHORT_LIFE_MS 1000
#define DESCRIPTORS 64 /* more than libnats and the resolver ever have */
#define NAME_SIZE 64

struct board_link {
    int socket;
    const struct bootnode_config *config;
    const struct board_files *files;
    struct cluster_servers servers;
    struct thread thread;
    _Atomic uint64_t attempt_ms; /* since when it connects; 0: it does not */
    uint64_t stream_ms;          /* since when that attempt has a stream; 0: it has none. Of board_link_watch alone */
    atomic_bool cut;             /* the stream of that attempt was, by us */
    atomic_uint lost, refused;   /* not told yet */
    _Atomic uint64_t told_ms;    /* when refusals were told */

    pthread_mutex_t mutex;
    pthread_cond_t closing;
    natsConnection *connection; /* the present one; NULL: none */
    bool usable;                /* it hears all, so it may be published on */
    bool closed;
};

/* --- What is said --- */

/* Nobody waits: what does not go is lost, and counted. */
static bool try_to_say(struct board_link *link, const struct board_packet *packet) {
    uint8_t data[BOARD_PACKET_MAX];
    return send(link->socket, data, board_pair_encode(packet, data), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

/* Only the keeping thread, which may wait. */
static void say(struct board_link *link, enum board_packet_type type, const char *text) {
    struct board_packet packet = {.type = type};
    uint8_t data[BOARD_PACKET_MAX];
    snprintf(packet.text, sizeof packet.text, "%s", text);
    (void)send(link->socket, data, board_pair_encode(&packet, data), MSG_NOSIGNAL);
}

static void refuse(struct board_link *link, const char *text) {
    uint64_t now = clock_monotonic_ms(), told = atomic_load(&link->told_ms);
    atomic_fetch_add(&link->refused, 1);
    if (now - told < REFUSED_MS || !atomic_compare_exchange_strong(&link->told_ms, &told, now)) return;
    struct board_packet packet = {.type = BOARD_PACKET_REFUSED, .count = atomic_exchange(&link->refused, 0)};
    snprintf(packet.text, sizeof packet.text, "%s", text);
    if (!try_to_say(link, &packet)) atomic_fetch_add(&link->refused, packet.count);
}

static void tell_lost(struct board_link *link) {
    if (atomic_load_explicit(&link->lost, memory_order_relaxed) == 0) return;
    struct board_packet packet = {.type = BOARD_PACKET_LOST, .count = atomic_exchange(&link->lost, 0)};
    if (!try_to_say(link, &packet)) atomic_fetch_add(&link->lost, packet.count);
}

/* --- What libnats calls --- */

static void take_message(struct board_link *link, const char *subject, const void *data, size_t size) {
    struct board_packet packet = {.type = BOARD_PACKET_HEARD, .message = {.at_ms = clock_monotonic_ms(), .size = size}};
    char text[BOARD_TEXT_SIZE];
    if (size <= BOARD_MESSAGE_MAX &&
        board_pair_read_subject(subject, link->config->cluster.name, &packet.message.subject, &packet.message.id)) {
        memcpy(packet.message.data, data, size);
        tell_lost(link);
        if (!try_to_say(link, &packet)) atomic_fetch_add(&link->lost, 1);
        return;
    }
    snprintf(text, sizeof text, "a message of %zu bytes on %.100s, expected at most %d on beacon.ID or orders.ID", size,
             subject, BOARD_MESSAGE_MAX);
    refuse(link, text);
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *context) {
    (void)connection;
    (void)subscription;
    take_message(context, natsMsg_GetSubject(message), natsMsg_GetData(message),
                 (size_t)natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

/* What a server complains of while the connection lives: mostly that we may not do what we did. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *context) {
    struct board_link *link = context;
    const char *said = NULL;
    (void)subscription;
    if (status == NATS_SLOW_CONSUMER) {
        atomic_fetch_add(&link->lost, 1);
        return;
    }
    (void)natsConnection_GetLastError(connection, &said);
    refuse(link, said && *said ? said : natsStatus_GetText(status));
}

/* Also of one that was given up before it was used. */
static void on_closed(natsConnection *connection, void *context) {
    struct board_link *link = context;
    pthread_mutex_lock(&link->mutex);
    if (link->connection == connection) {
        link->closed = true;
        pthread_cond_signal(&link->closing);
    }
    pthread_mutex_unlock(&link->mutex);
}

/* --- One connection --- */

static natsStatus secure(const struct board_link *link, const char *host, natsOptions *options) {
    const struct board_files *files = link->files;
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK) status = natsOptions_SetExpectedHostname(options, host);
    if (status == NATS_OK && files->ca) status = natsOptions_SetCATrustedCertificates(options, files->ca);
    if (status == NATS_OK && files->cert) status = natsOptions_SetCertificatesChain(options, files->cert, files->key);
    return status;
}

static natsStatus identify(const struct board_link *link, natsOptions *options) {
    const struct board_files *files = link->files;
    if (files->chained) return natsOptions_SetUserCredentialsFromFiles(options, files->chained, NULL);
    return *files->user ? natsOptions_SetUserInfo(options, files->user, files->password) : NATS_OK;
}

#define ADD(call)                                                                                                      \
    if (status == NATS_OK) status = (call)

static natsStatus set_habits(struct board_link *link, natsOptions *options) {
    char name[NAME_SIZE];
    natsStatus status = NATS_OK;
    snprintf(name, sizeof name, "gochat %.32s node %u", link->config->cluster.name, (unsigned)link->config->node_id);
    ADD(natsOptions_SetName(options, name));
    ADD(natsOptions_SetTimeout(options, BOARD_LINK_CONNECT_MS));
    ADD(natsOptions_SetAllowReconnect(options, false));
    ADD(natsOptions_SetIgnoreDiscoveredServers(options, true));
    ADD(natsOptions_SetNoEcho(options, true));
    ADD(natsOptions_SetPingInterval(options, BOARD_LINK_PING_MS));
    ADD(natsOptions_SetMaxPingsOut(options, PINGS_OUT));
    ADD(natsOptions_SetWriteDeadline(options, BOARD_LINK_WRITE_MS));
    ADD(natsOptions_SetSendAsap(options, true));
    ADD(natsOptions_SetErrorHandler(options, on_error, link));
    ADD(natsOptions_SetClosedCB(options, on_closed, link));
    return status;
}

/* libnats knows no tls://, and takes the server's own word for whether it speaks TLS. */
static natsStatus set_options(struct board_link *link, const char *server, natsOptions *options) {
    char url[CLUSTER_SERVER_SIZE + 8], host[NI_MAXHOST];
    const char *place = strstr(server, "://") + 3, *urls[] = {url};
    uint16_t port;
    if (!address_split(place, CLUSTER_NATS_PORT, host, sizeof host, &port)) return NATS_INVALID_ARG;
    snprintf(url, sizeof url, "nats://%s", place);
    natsStatus status = natsOptions_SetServers(options, urls, 1);
    ADD(set_habits(link, options));
    ADD(identify(link, options));
    if (link->servers.tls) ADD(secure(link, host, options));
    return status;
}

/* Ours from now on: it may break at any time. */
static void adopt(struct board_link *link, natsConnection *connection) {
    pthread_mutex_lock(&link->mutex);
    link->connection = connection;
    link->closed = false;
    link->usable = false;
    pthread_mutex_unlock(&link->mutex);
}

/* Only what is heard from the first moment on is used. */
static natsStatus subscribe(struct board_link *link, natsConnection *connection, natsSubscription **subscription) {
    char all[BOARD_SUBJECT_SIZE];
    board_pair_all(link->config->cluster.name, all);
    natsStatus status = natsConnection_Subscribe(subscription, connection, all, on_message, link);
    ADD(natsSubscription_SetPendingLimits(*subscription, PENDING_MESSAGES, PENDING_BYTES));
    ADD(natsConnection_FlushTimeout(connection, BOARD_LINK_CONNECT_MS));
    return status;
}

static void let_go(struct board_link *link, natsConnection *connection, natsSubscription *subscription) {
    pthread_mutex_lock(&link->mutex);
    link->connection = NULL;
    link->usable = false;
    pthread_mutex_unlock(&link->mutex);
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(connection);
}

/* Until it breaks. */
static void stay(struct board_link *link, const char *server) {
    pthread_mutex_lock(&link->mutex);
    link->usable = true;
    pthread_mutex_unlock(&link->mutex);
    say(link, BOARD_PACKET_THERE, server);
    pthread_mutex_lock(&link->mutex);
    while (!link->closed && !natsConnection_IsClosed(link->connection)) {
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec++; /* it may have been closed before it was ours */
        pthread_cond_timedwait(&link->closing, &link->mutex, &soon);
    }
    link->usable = false;
    pthread_mutex_unlock(&link->mutex);
}

/* In words for operators: without the place in libnats, "(conn.c:123): ", and what TLS 1.3 makes of a certificate that
 * the server does not take, or misses. */
static const char *reason_of(const struct board_link *link, natsConnection *connection, natsStatus status) {
    const char *said = NULL;
    if (atomic_load(&link->cut)) return "does not answer";
    if (connection) (void)natsConnection_GetLastError(connection, &said);
    if (!said || !*said) said = nats_GetLastError(NULL);
    if (!said || !*said) return natsStatus_GetText(status);
    if (strstr(said, "Expected 'PONG', got ''"))
        return "hung up at once: it does not take our certificate, or misses one";
    const char *place = *said == '(' ? strstr(said, "): ") : NULL;
    return place ? place + strlen("): ") : said;
}

/* Connects, stays, and says so. False where it did not come about, with `why`. */
static bool use_server(struct board_link *link, const char *server, char why[static BOARD_TEXT_SIZE]) {
    natsOptions *options = NULL;
    natsConnection *connection = NULL;
    natsSubscription *subscription = NULL;
    atomic_store(&link->cut, false);
    atomic_store(&link->attempt_ms, clock_monotonic_ms());
    natsStatus status = natsOptions_Create(&options);
    ADD(set_options(link, server, options));
    ADD(natsConnection_Connect(&connection, options));
    atomic_store(&link->attempt_ms, 0);
    if (connection) adopt(link, connection);
    ADD(subscribe(link, connection, &subscription));
    if (status == NATS_OK) stay(link, server);
    snprintf(why, BOARD_TEXT_SIZE, "%s: %s", server, reason_of(link, connection, status));
    let_go(link, connection, subscription);
    natsOptions_Destroy(options);
    return status == NATS_OK;
}

/* --- All of them --- */

static uint32_t random_below(uint32_t limit) {
    uint32_t number = 0;
    (void)!getrandom(&number, sizeof number, 0);
    return number % limit;
}

/* From `*next` on, until one took us; then `*next` is the one behind it. False with the reasons of all. */
static bool try_all(struct board_link *link, size_t *next, char reasons[static BOARD_TEXT_SIZE]) {
    char why[BOARD_TEXT_SIZE];
    *reasons = '\0';
    for (size_t i = 0; i < link->servers.count; i++) {
        bool stayed = use_server(link, link->servers.items[*next], why);
        *next = (*next + 1) % link->servers.count;
        if (stayed) {
            memcpy(reasons, why, sizeof why);
            return true;
        }
        append_text(reasons, BOARD_TEXT_SIZE, "%s%s", *reasons ? "; " : "", why);
    }
    return false;
}

static void rest(uint64_t *wait_ms) {
    uint64_t ms = *wait_ms - random_below((uint32_t)*wait_ms / 2);
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
    *wait_ms = earlier(2 * *wait_ms, BOARD_LINK_WAIT_MAX_MS);
}

/* That there is none is said once, and again when there was one in between. */
static void keep(void *argument) {
    struct board_link *link = argument;
    size_t next = random_below((uint32_t)link->servers.count);
    uint64_t wait_ms = BOARD_LINK_WAIT_MIN_MS;
    bool told = false;
    for (;;) {
        char reasons[BOARD_TEXT_SIZE];
        uint64_t began = clock_monotonic_ms();
        bool stayed = try_all(link, &next, reasons);
        if (stayed || !told) say(link, BOARD_PACKET_AWAY, reasons);
        told = true;
        if (stayed && clock_monotonic_ms() - began >= SHORT_LIFE_MS)
            wait_ms = BOARD_LINK_WAIT_MIN_MS;
        else
            rest(&wait_ms);
    }
}

struct board_link *board_link_start(int socket, const struct bootnode_config *config, const struct board_files *files) {
    struct board_link *link = calloc(1, sizeof *link);
    struct why ignored;
    if (!link) return NULL;
    link->socket = socket;
    link->config = config;
    link->files = files;
    pthread_mutex_init(&link->mutex, NULL);
    pthread_cond_init(&link->closing, NULL);
    if (cluster_config_servers(config->cluster.nats, &link->servers, &ignored) && link->servers.count > 0 &&
        thread_start(&link->thread, "board-link", false, keep, link) == 0)
        return link;
    free(link);
    return NULL;
}

void board_link_publish(struct board_link *link, const struct board_message *message) {
    char subject[BOARD_SUBJECT_SIZE];
    natsStatus status = NATS_OK;
    board_pair_subject(link->config->cluster.name, message->subject, (uint8_t)link->config->node_id, subject);
    pthread_mutex_lock(&link->mutex);
    if (link->usable && !link->closed)
        status = natsConnection_Publish(link->connection, subject, message->data, (int)message->size);
    pthread_mutex_unlock(&link->mutex);
    if (status != NATS_OK && status != NATS_CONNECTION_CLOSED) refuse(link, natsStatus_GetText(status));
}

/* False: it is none, or one of a UNIX socket, as the pair is. */
static bool is_connection(int descriptor, int *type) {
    struct sockaddr_storage name = {.ss_family = AF_UNIX};
    socklen_t name_size = sizeof name, type_size = sizeof *type;
    return getpeername(descriptor, (struct sockaddr *)&name, &name_size) == 0 && name.ss_family != AF_UNIX &&
           getsockopt(descriptor, SOL_SOCKET, SO_TYPE, type, &type_size) == 0;
}

/* Whichever it is: none of its streams is used yet. */
static void cut_attempt(struct board_link *link) {
    int type;
    for (int descriptor = link->socket + 1; descriptor < DESCRIPTORS; descriptor++) {
        if (!is_connection(descriptor, &type)) continue;
        if (type == SOCK_STREAM) atomic_store(&link->cut, true);
        (void)shutdown(descriptor, SHUT_RDWR);
    }
}

static bool has_stream(const struct board_link *link) {
    int type;
    for (int descriptor = link->socket + 1; descriptor < DESCRIPTORS; descriptor++)
        if (is_connection(descriptor, &type) && type == SOCK_STREAM) return true;
    return false;
}

/* libnats's own limit holds for what it reads first. Where that passes while it waits for the answer to CONNECT, it
 * looks for it again and again without a pause, and it waits for TLS without end. */
void board_link_watch(struct board_link *link) {
    tell_lost(link);
    uint64_t began = atomic_load(&link->attempt_ms), now = clock_monotonic_ms();
    if (began == 0 || !has_stream(link))
        link->stream_ms = 0;
    else if (link->stream_ms < began)
        link->stream_ms = now;
    bool talks_too_long = link->stream_ms != 0 && now - link->stream_ms >= BOARD_LINK_TALK_MS;
    if (began != 0 && (talks_too_long || now - began >= BOARD_LINK_STUCK_MS)) cut_attempt(link);
}
