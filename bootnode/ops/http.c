#include "bootnode/ops/http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bootnode/metrics_host.h"
#include "bootnode/ops/metrics.h"
#include "bootnode/ops/status_page.h"
#include "common/clock.h"
#include "common/log.h"

#define CONNECTION_MEMORY 8192u /* what one may take for request and header */
#define SHORT_REST_MS 200
#define BACKLOG 1024 /* who finds no place there comes again a second later at the earliest */
#define TEXT_TYPE "text/plain; charset=utf-8"

/* --- Pages --- */

static unsigned write_metrics(struct http *http, FILE *out) {
    snapshot_take(&http->watched, clock_monotonic_ms(), &http->snapshot);
    metrics_write(out, &http->snapshot);
    return MHD_HTTP_OK;
}

/* 503 from this state on. */
static unsigned write_state(const struct http *http, FILE *out, enum health_state bad) {
    struct health health;
    health_look(&http->watched, clock_monotonic_ms(), &health);
    health_write(out, &health);
    return health_worst(&health) >= bad ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
}

/* A full or overloaded bootnode serves those who are there: who took it out would do them harm. */
static unsigned write_health(struct http *http, FILE *out) {
    return write_state(http, out, HEALTH_DRAINING);
}

/* For who sends newcomers, and nobody else. */
static unsigned write_ready(struct http *http, FILE *out) {
    return write_state(http, out, HEALTH_FULL);
}

static unsigned write_status_page(struct http *http, FILE *out) {
    (void)http;
    status_page_write(out);
    return MHD_HTTP_OK;
}

static unsigned write_not_found(struct http *http, FILE *out) {
    (void)http;
    fputs("expected /, /metrics, /health or /ready\n", out);
    return MHD_HTTP_NOT_FOUND;
}

static unsigned write_not_allowed(struct http *http, FILE *out) {
    (void)http;
    fputs("expected GET or HEAD\n", out);
    return MHD_HTTP_METHOD_NOT_ALLOWED;
}

static unsigned write_misdirected(struct http *http, FILE *out) {
    (void)http;
    fputs("expected an address, or a name of metrics_host, as the Host\n", out);
    return MHD_HTTP_MISDIRECTED_REQUEST;
}

struct page {
    const char *path, *type;
    unsigned (*write)(struct http *http, FILE *out); /* returns the status */
    bool is_health;                                  /* who asks sends people, and has to see when they are to go */
};

static const struct page not_found = {NULL, TEXT_TYPE, write_not_found, false};
static const struct page not_allowed = {NULL, TEXT_TYPE, write_not_allowed, false};
static const struct page misdirected = {NULL, TEXT_TYPE, write_misdirected, false};
static const struct page pages[] = {
    {"/", "text/html; charset=utf-8", write_status_page, false},
    {"/metrics", METRICS_CONTENT_TYPE, write_metrics, false},
    {"/health", TEXT_TYPE, write_health, true},
    {"/ready", TEXT_TYPE, write_ready, true},
};

static const struct page *find_page(const char *path, const char *method) {
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].path, path) != 0) continue;
        bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
        return reads ? &pages[i] : &not_allowed;
    }
    return &not_found;
}

static struct MHD_Response *make_response(struct http *http, const struct page *page, unsigned *status) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    *status = page->write(http, out);
    bool written = !ferror(out);
    written &= fclose(out) == 0;
    struct MHD_Response *response = written ? MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) free(text);
    return response;
}

static bool is_ours(const struct http *http, const char *host) {
    struct bootnode_config config;
    node_config_copy(http->watched.node, &config);
    return metrics_host_is_ours(host, config.metrics_host);
}

static struct visitor *visitor_of(struct MHD_Connection *connection) {
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void note_visit(const struct http *http, const struct page *page) {
    if (!http->watched.visits) return;
    page_visits_note(http->watched.visits, page->is_health, node_fate(http->watched.node) != NODE_SERVES,
                     clock_monotonic_ms());
}

/* Returning MHD_NO closes the connection. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request) {
    (void)version, (void)upload, (void)request;
    *upload_size = 0; /* whatever it is, it was taken */
    struct http *http = context;
    visitor_of(connection)->asked = true;
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    const struct page *page = is_ours(http, host) ? find_page(path, method) : &misdirected;
    unsigned status = 0;
    note_visit(http, page);
    struct MHD_Response *response = make_response(http, page, &status);
    if (!response) return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    (void)MHD_add_response_header(response, "Content-Security-Policy", STATUS_PAGE_POLICY);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (page == &not_allowed) (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* --- Connections --- */

/* libmicrohttpd's own timeout would begin anew with every byte, so the whole of a connection is timed here. */
static void note_connection(void *context, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode code) {
    struct http *http = context;
    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        visitors_leave(*place);
        http->has_place = true;
        return;
    }
    struct address source = {.port = 0};
    int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    (void)address_from_sockaddr(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
                                &source);
    *place = visitors_come(&http->visitors, socket, &source, clock_monotonic_ms(), http->patience_ms);
}

/* --- The thread --- */

/* For poll(2): until libmicrohttpd wants to run, or somebody has to go. Who left at the end of a run has made a place:
 * only the next run looks whether somebody waits for it. */
static int wait_ms(const struct http *http) {
    MHD_UNSIGNED_LONG_LONG ms;
    if (http->has_place) return 0;
    uint64_t now = clock_monotonic_ms(), due = visitors_due(&http->visitors, now), left = due > now ? due - now : 0;
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms < left) left = ms;
    return left < INT_MAX ? (int)left : -1;
}

/* What libmicrohttpd complains of. Where it could not accept a connection it would try again at once, and again. */
static void note_complaint(void *context, const char *format, va_list arguments) {
    static const int shortages[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
    struct http *http = context;
    int error = errno;
    (void)format, (void)arguments;
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) http->short_of_files |= error == shortages[i];
}

/* Those who ask wait, and nobody else does. */
static void rest_while_short(struct http *http) {
    static struct log_limit limit;
    struct pollfd stop = {.fd = http->stop, .events = POLLIN};
    if (!http->short_of_files) return;
    http->short_of_files = false;
    log_limited(
        &limit, 1, LOG_LEVEL_WARNING, "http",
        "no file descriptor or memory for whoever asks for metrics: expected a higher limit (LimitNOFILE= of the "
        "service)");
    (void)poll(&stop, 1, SHORT_REST_MS);
}

static void run(void *argument) {
    struct http *http = argument;
    const union MHD_DaemonInfo *events = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd wanted[] = {{.fd = http->stop, .events = POLLIN}, {.fd = events->epoll_fd, .events = POLLIN}};
    thread_give_way(THREAD_BACKGROUND);
    while (wanted[0].revents == 0) {
        http->has_place = false;
        errno = 0;                   /* note_complaint looks at it */
        (void)MHD_run(http->daemon); /* reads what those said who came */
        visitors_sort_out(&http->visitors, clock_monotonic_ms());
        rest_while_short(http);
        (void)poll(wanted, 2, wait_ms(http));
    }
}

/* --- Listening --- */

static int open_socket(const struct address *listen_on, struct address *bound) {
    static const struct address any;
    int family = address_is_ipv4(listen_on) ? AF_INET : AF_INET6, on = 1, ipv6_only = !address_same_ip(listen_on, &any);
    struct sockaddr_storage name;
    socklen_t size = address_to_sockaddr(listen_on, family, &name);
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof ipv6_only);
    if (bind(descriptor, (const struct sockaddr *)&name, size) == 0 && listen(descriptor, BACKLOG) == 0) {
        size = sizeof name;
        (void)getsockname(descriptor, (struct sockaddr *)&name, &size);
        (void)address_from_sockaddr((const struct sockaddr *)&name, bound);
        return descriptor;
    }
    int error = errno;
    close(descriptor);
    return -error;
}

static struct MHD_Daemon *start_daemon(struct http *http, int socket) {
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, http, MHD_OPTION_EXTERNAL_LOGGER,
                            note_complaint, http, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)VISITORS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_NOTIFY_CONNECTION, note_connection, http, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_END);
}

static int open_daemon(struct http *http, const struct address *listen_on) {
    int socket = open_socket(listen_on, &http->bound);
    if (socket < 0) return socket;
    http->stop = eventfd(0, EFD_CLOEXEC);
    http->daemon = http->stop >= 0 ? start_daemon(http, socket) : NULL;
    if (http->daemon) return 0;
    close(socket);
    if (http->stop >= 0) close(http->stop);
    return -ENOMEM;
}

int http_open(struct http *http, const struct address *listen_on, uint64_t patience_ms, struct why *why) {
    http->patience_ms = patience_ms;
    int error = open_daemon(http, listen_on);
    char text[ADDRESS_TEXT_SIZE];
    if (error != 0)
        (void)why_fail(why, "cannot serve metrics on TCP %s: %s", address_format(listen_on, text), strerror(-error));
    return error;
}

int http_start(struct http *http, const struct watched *watched) {
    http->watched = *watched;
    return thread_start(&http->thread, "http", false, run, http);
}

void http_stop(struct http *http) {
    if (!http->daemon) return;
    (void)eventfd_write(http->stop, 1);
    thread_join(&http->thread);
    MHD_stop_daemon(http->daemon);
    close(http->stop);
    http->daemon = NULL;
}
