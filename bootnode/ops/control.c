#include "bootnode/ops/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

#define AREA "control"

/* --- Connections --- */

static void end(struct control_connection *connection) {
    close(connection->socket);
    free(connection->answer);
    *connection = (struct control_connection){.socket = -1};
}

static bool is_idle(const struct control_connection *connection) {
    return connection->socket >= 0 && connection->filled == 0 && !connection->answer;
}

/* A free place, else that of who is idle longest; NULL where all are busy. */
static struct control_connection *find_place(struct control *control) {
    struct control_connection *oldest = NULL;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct control_connection *connection = &control->connections[i];
        if (connection->socket < 0) return connection;
        if (is_idle(connection) && (!oldest || connection->since < oldest->since)) oldest = connection;
    }
    if (oldest) end(oldest);
    return oldest;
}

static bool has_place(const struct control *control) {
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i].socket < 0 || is_idle(&control->connections[i])) return true;
    return false;
}

/* The file's mode says the same; this says it whatever became of the file. */
static bool may_command(const struct control *control, int socket, uid_t *user) {
    static struct log_limit limit;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    *user = peer.uid;
    if (peer.uid == 0 || peer.uid == control->owner) return true;
    log_limited(&limit, 1, LOG_LEVEL_WARNING, AREA, "user %u may not command, expected root or user %u",
                (unsigned)peer.uid, (unsigned)control->owner);
    return false;
}

static void take_connection(struct control *control, uint64_t now) {
    int socket = accept4(control->socket.descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) control->accepts_at = now + CONTROL_AGAIN_MS;
        return;
    }
    uid_t user;
    struct control_connection *place = may_command(control, socket, &user) ? find_place(control) : NULL;
    if (place)
        *place = (struct control_connection){
            .socket = socket, .user = user, .since = now, .deadline = now + CONTROL_IDLE_MS};
    else
        close(socket);
}

/* --- Rests --- */

/* What was waited since then is rest. */
static void note_waiting(struct control *control) {
    const uint64_t now = clock_monotonic_ns();
    control_pace_rested(&control->pace, now - control->began_ns);
    control->began_ns = now;
}

/* Offline. False when it is time to end. */
static bool pause_for(struct control *control, uint64_t ns) {
    const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    struct pollfd stop = {.fd = control->stop, .events = POLLIN};
    int stopped = ppoll(&stop, 1, &time, NULL);
    note_waiting(control);
    return stopped <= 0;
}

/* What is due after the work since `began_ns`. */
static uint64_t rest_due(struct control *control) {
    const uint64_t now = clock_monotonic_ns();
    control_pace_worked(&control->pace, now - control->began_ns);
    control->began_ns = now;
    return control_pace_due(&control->pace);
}

/* Between two batches of a walk. */
static bool rest(void *context) {
    struct control *control = context;
    const uint64_t ns = rest_due(control);
    if (ns == 0) return true;
    rcu_reader_offline();
    bool goes_on = pause_for(control, ns);
    rcu_reader_online();
    return goes_on;
}

/* --- Requests --- */

/* What is said of a request is counted from its first byte, so that who drips gets no more time. */
static void receive(struct control *control, struct control_connection *connection, uint64_t now) {
    ssize_t count = recv(connection->socket, connection->line + connection->filled,
                         sizeof connection->line - connection->filled, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) {
        end(connection);
        return;
    }
    connection->since = now;
    connection->ended = count == 0;
    if (connection->filled == 0) connection->deadline = now + control->patience_ms;
    connection->filled += (size_t)count;
}

static void send_answer(struct control *control, struct control_connection *connection, uint64_t now) {
    ssize_t count = send(connection->socket, connection->answer + connection->sent, connection->size - connection->sent,
                         MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) {
        end(connection);
        return;
    }
    connection->since = now;
    connection->sent += (size_t)count;
    if (connection->sent < connection->size) return;
    free(connection->answer);
    connection->answer = NULL;
    connection->deadline = now + (connection->filled > 0 ? control->patience_ms : CONTROL_IDLE_MS);
}

/* The length of the first line without its newline; -1: it is not all there. Who says no more has ended it. */
static ssize_t line_size(const struct control_connection *connection) {
    const char *newline = memchr(connection->line, '\n', connection->filled);
    if (newline) return newline - connection->line;
    return connection->ended && connection->filled > 0 ? (ssize_t)connection->filled : -1;
}

static void set_answer(struct control *control, struct control_connection *connection, char *answer) {
    connection->answer = answer;
    connection->size = answer ? strlen(answer) : 0;
    connection->sent = 0;
    connection->deadline = clock_monotonic_ms() + control->patience_ms;
    if (!answer) end(connection);
}

/* What does not fit is the last that is answered. */
static void refuse_long(struct control *control, struct control_connection *connection) {
    connection->filled = 0;
    connection->ended = true;
    set_answer(control, connection, control_answers_refusal("the request is too long, expected a line of 4096 bytes"));
}

static void answer(struct control *control, struct control_connection *connection) {
    ssize_t size = line_size(connection);
    if (connection->socket < 0 || connection->answer) return;
    if (size < 0) {
        if (connection->filled == sizeof connection->line) refuse_long(control, connection);
        return;
    }
    rcu_reader_online();
    char *line = control_answers_to(&control->host, connection->user, connection->line, (size_t)size);
    rcu_reader_offline();
    size_t taken = (size_t)size + ((size_t)size < connection->filled);
    connection->filled -= taken;
    memmove(connection->line, connection->line + taken, connection->filled);
    set_answer(control, connection, line);
}

/* --- The thread --- */

#define STOP 0
#define LISTENER 1
#define FIRST 2
#define WANTED (FIRST + CONTROL_CONNECTIONS_MAX)

static int wait_ms(const struct control *control, uint64_t now) {
    uint64_t next = control->accepts_at > now ? control->accepts_at : NEVER;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i].socket >= 0) next = earlier(next, control->connections[i].deadline);
    if (next == NEVER) return -1;
    return next <= now ? 0 : next - now < INT_MAX ? (int)(next - now) : INT_MAX;
}

/* Who has an answer to take says nothing that is heard meanwhile. */
static void fill_wanted(const struct control *control, uint64_t now, struct pollfd wanted[static WANTED]) {
    const bool accepts = has_place(control) && now >= control->accepts_at;
    wanted[STOP] = (struct pollfd){.fd = control->stop, .events = POLLIN};
    wanted[LISTENER] = (struct pollfd){.fd = accepts ? control->socket.descriptor : -1, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        const struct control_connection *connection = &control->connections[i];
        wanted[FIRST + i] = (struct pollfd){.fd = connection->socket, .events = connection->answer ? POLLOUT : POLLIN};
    }
}

static void serve(struct control *control, struct control_connection *connection, uint64_t now) {
    if (connection->answer)
        send_answer(control, connection, now);
    else
        receive(control, connection, now);
    answer(control, connection);
    if (connection->socket >= 0 && connection->ended && !connection->answer && connection->filled == 0) end(connection);
}

static void run(void *argument) {
    struct control *control = argument;
    struct pollfd wanted[WANTED] = {{.fd = -1}};
    control->began_ns = clock_monotonic_ns();
    rcu_reader_offline();
    while (wanted[STOP].revents == 0) {
        uint64_t now = clock_monotonic_ms();
        fill_wanted(control, now, wanted);
        (void)poll(wanted, WANTED, wait_ms(control, now));
        note_waiting(control);
        now = clock_monotonic_ms();
        for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX && wanted[STOP].revents == 0; i++) {
            struct control_connection *connection = &control->connections[i];
            if (connection->socket < 0) continue;
            if (wanted[FIRST + i].revents)
                serve(control, connection, now);
            else if (connection->deadline <= now)
                end(connection);
        }
        if (wanted[LISTENER].revents) take_connection(control, now);
        const uint64_t ns = rest_due(control);
        if (ns > 0) (void)pause_for(control, ns);
    }
    rcu_reader_online();
}

void control_init(struct control *control) {
    *control = (struct control){.socket = {.descriptor = -1}, .process = {.statm = -1}, .stop = -1};
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) control->connections[i].socket = -1;
}

static bool refuse(const struct why *why) {
    log_error(AREA, "%s", why->text);
    return false;
}

bool control_open(struct control *control, const struct bootnode_config *config) {
    char path[CONTROL_PATH_SIZE];
    struct privileges_user user;
    struct why why;
    enum control_place place = control_place_of(config->control, path);
    if (place == CONTROL_NOWHERE) return true;
    bool changes = *config->user != '\0' && privileges_find(config->user, &user, &why);
    process_open(&control->process);
    if (control_socket_open(&control->socket, path, changes ? &user : NULL, &why)) return true;
    if (place == CONTROL_THERE) return refuse(&why);
    log_warning(AREA, "%s: nobody can command it", why.text);
    return true;
}

int control_start(struct control *control, const struct control_host *host, uint64_t patience_ms) {
    if (control->socket.descriptor < 0) return 0;
    control->host = *host;
    control->host.watched.process = &control->process;
    control->host.rest = (struct session_walk_rest){rest, control};
    control->patience_ms = patience_ms;
    control->owner = geteuid();
    control->stop = eventfd(0, EFD_CLOEXEC);
    if (control->stop < 0) return -errno;
    int error = thread_start(&control->thread, "control", true, run, control);
    if (error == 0) log_info(AREA, "commands on %s", control->socket.path);
    return error;
}

void control_stop(struct control *control) {
    if (control->stop >= 0) {
        (void)eventfd_write(control->stop, 1);
        thread_join(&control->thread);
        close(control->stop);
        control->stop = -1;
    }
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i].socket >= 0) end(&control->connections[i]);
    control_socket_close(&control->socket);
    process_close(&control->process);
}
