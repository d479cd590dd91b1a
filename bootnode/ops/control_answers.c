#include "bootnode/ops/control_answers.h"

#include <jansson.h>
#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bootnode/ops/control_access.h"
#include "bootnode/ops/control_cluster.h"
#include "bootnode/ops/control_lists.h"
#include "bootnode/ops/control_request.h"
#include "bootnode/ops/control_text.h"
#include "bootnode/ops/health.h"
#include "bootnode/table/shard_kick.h"
#include "bootnode/worker.h"
#include "common/clock.h"
#include "common/version.h"

#define TIME_SIZE 32
#define NO_MEMORY "out of memory"

/* One request being answered. `why` says what could not be done; else there is a result. */
struct asked {
    const struct control_host *host;
    const struct control_request *request;
    struct why why;
    json_t *faults; /* with `why`: one by one */
};

static const struct node *node_of(const struct asked *asked) {
    return asked->host->watched.node;
}

static struct control_orders orders_of(const struct asked *asked) {
    return (struct control_orders){node_of(asked)->access, asked->host->watched.clustering};
}

static struct control_walk walk_of(const struct asked *asked) {
    const struct node *node = node_of(asked);
    return (struct control_walk){node, node_time(node, clock_monotonic_ms()), asked->host->rest};
}

static json_t *failed(struct asked *asked, const char *why) {
    (void)why_fail(&asked->why, "%s", why);
    return NULL;
}

/* --- What there is --- */

static json_t *time_text(uint64_t wall_ms) {
    char text[TIME_SIZE];
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    return json_string(text);
}

static json_t *text_or_null(const char *text) {
    return text && *text ? control_text(text) : json_null();
}

/* Where it does, which is another thing than the settings: they may leave the port to the kernel, and a service manager
 * may have bound sockets. */
static json_t *listening(const struct node *node) {
    json_t *array = json_array();
    for (size_t i = 0; array && i < BOOTNODE_LISTENERS_MAX && node->bound[i].port != 0; i++) {
        char text[ADDRESS_TEXT_SIZE];
        (void)json_array_append_new(array, json_string(address_format(&node->bound[i], text)));
    }
    return array;
}

static json_t *status_of(const struct asked *asked, const struct snapshot *snapshot) {
    const struct node *node = node_of(asked);
    char key[2 * sizeof node->key.public + 1];
    struct health health;
    health_look(&asked->host->watched, clock_monotonic_ms(), &health);
    sodium_bin2hex(key, sizeof key, node->key.public, sizeof node->key.public);
    return json_pack("{s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "program",
                     "gochat " GOCHAT_VERSION, "health", health_name(health_worst(&health)), "started",
                     time_text(clock_wall_ms() - snapshot->uptime_ms), "uptime_seconds",
                     (json_int_t)(snapshot->uptime_ms / 1000), "key", key, "config_file",
                     text_or_null(asked->host->config_file), "listen", listening(node), "workers",
                     (json_int_t)snapshot->worker_count, "sessions", (json_int_t)snapshot->shards.sessions,
                     "registered", (json_int_t)snapshot->shards.provisional, "rooms",
                     (json_int_t)snapshot->shards.rooms, "memory_bytes", (json_int_t)snapshot->process.resident_bytes);
}

static json_t *answer_status(struct asked *asked) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot) snapshot_take(&asked->host->watched, clock_monotonic_ms(), snapshot);
    json_t *result = snapshot ? status_of(asked, snapshot) : NULL;
    free(snapshot);
    return result ? result : failed(asked, NO_MEMORY);
}

/* What is limited, how much of it, what of that is used where somebody counts it, and what was over it. */
struct limit_row {
    const char *name, *of;
    size_t most; /* offset in the settings */
    enum counter over[2];
    size_t overs;
};

#define PACKETS "packets a second and source"
#define LIMIT(key, what, ...)                                                                                          \
    {                                                                                                                  \
#key, (what), offsetof(struct bootnode_config, key),                                                           \
            {__VA_ARGS__ }, sizeof((enum counter[]){__VA_ARGS__}) / sizeof(enum counter)                               \
    }

static const struct limit_row limit_rows[] = {
    LIMIT(sessions, "sessions in all", COUNTER_REFUSED_BOOTNODE_FULL),
    LIMIT(sessions_per_source, "sessions of one source", COUNTER_REFUSED_SOURCE_LIMIT),
    LIMIT(room_members, "members of one room", COUNTER_REFUSED_ROOM_FULL),
    LIMIT(rate_hello, PACKETS, COUNTER_RATE_LIMITED_HELLO),
    LIMIT(rate_register, PACKETS, COUNTER_RATE_LIMITED_REGISTER),
    LIMIT(rate_stun, PACKETS, COUNTER_RATE_LIMITED_STUN),
    LIMIT(rate_reset, PACKETS, COUNTER_RATE_LIMITED_RESET, COUNTER_RATE_LIMITED_RESET_BUSY),
    LIMIT(rate_update, "packets a second and session", COUNTER_RATE_LIMITED_UPDATE),
    LIMIT(rate_introduce, "packets a second and session", COUNTER_RATE_LIMITED_INTRODUCE),
    LIMIT(rate_move, "packets a second and session", COUNTER_RATE_LIMITED_MOVE),
    LIMIT(relay_rate, "bytes a second and session", COUNTER_RELAY_LIMITED_SESSION, COUNTER_RELAY_LIMITED_RECEIVER),
    LIMIT(relay_source_rate, "bytes a second and source", COUNTER_RELAY_LIMITED_SOURCE),
    LIMIT(relay_total_rate, "bytes a second in all", COUNTER_RELAY_LIMITED_TOTAL),
};
#define LIMIT_ROWS (sizeof limit_rows / sizeof *limit_rows)
#define LIMITS_USED 3 /* the first of them */

static uint64_t count_all(const struct watched *watched, enum counter which) {
    uint64_t sum = 0;
    for (size_t i = 0; i < watched->worker_count; i++) sum += counters_read(&watched->workers[i].counters, which);
    return sum;
}

/* `used`: NULL where nobody counts it. */
static json_t *describe_limit(const struct asked *asked, const struct bootnode_config *config,
                              const struct limit_row *limit, const uint64_t *used) {
    const long long most = *(const long long *)((const char *)config + limit->most);
    uint64_t over = 0;
    for (size_t i = 0; i < limit->overs; i++) over += count_all(&asked->host->watched, limit->over[i]);
    json_t *row =
        json_pack("{s:s, s:o}", "limit", limit->name, "most", most > 0 ? json_integer(most) : json_string("none"));
    if (used) (void)json_object_set_new(row, "used", json_integer((json_int_t)*used));
    if (used && most > 0)
        (void)json_object_set_new(row, "share_percent", json_real((double)*used * 100 / (double)most));
    (void)json_object_set_new(row, "over", json_integer((json_int_t)over));
    (void)json_object_set_new(row, "of", json_string(limit->of));
    return row;
}

static json_t *answer_limits(struct asked *asked) {
    const struct node *node = node_of(asked);
    const struct control_walk walk = walk_of(asked);
    const struct bootnode_config config = *node_config(node); /* walking passes quiescent states */
    uint32_t source, room;
    if (!control_lists_peaks(&walk, &source, &room)) return failed(asked, NO_MEMORY);
    const uint64_t used[LIMITS_USED] = {atomic_load_explicit(&node->live_sessions, memory_order_relaxed), source, room};
    json_t *array = json_array();
    for (size_t i = 0; array && i < LIMIT_ROWS; i++)
        (void)json_array_append_new(array,
                                    describe_limit(asked, &config, &limit_rows[i], i < LIMITS_USED ? &used[i] : NULL));
    return json_pack("{s:o}", "limits", array);
}

static json_t *walked(struct asked *asked, json_t *result) {
    return result ? result : failed(asked, NO_MEMORY);
}

static json_t *answer_sessions(struct asked *asked) {
    const struct control_walk walk = walk_of(asked);
    return walked(asked, control_lists_sessions(&walk, asked->request));
}

static json_t *answer_top(struct asked *asked) {
    const struct control_walk walk = walk_of(asked);
    return walked(asked, control_lists_top(&walk, asked->request));
}

static json_t *answer_rooms(struct asked *asked) {
    const struct control_walk walk = walk_of(asked);
    return walked(asked, control_lists_rooms(&walk, asked->request));
}

/* --- What is done --- */

static json_t *lines_of(const char *text) {
    json_t *array = json_array();
    while (array && text && *text) {
        size_t size = strcspn(text, "\n");
        if (size > 0) (void)json_array_append_new(array, control_text_part(text, size));
        text += size + (text[size] == '\n');
    }
    return array;
}

static json_t *answer_reload(struct asked *asked) {
    const struct operations *operations = asked->host->operations;
    char *report = NULL;
    bool done = operations->reload(operations->context, &report);
    json_t *lines = lines_of(report);
    free(report);
    if (done) return json_pack("{s:o}", "lines", lines);
    asked->faults = lines;
    return failed(asked, "nothing was changed");
}

/* Those whose ids begin so: the first, and how many there are. */
struct named {
    uint32_t name;
    uint64_t id;
    size_t count;
};

static void see_named(void *context, const struct session_seen *seen) {
    struct named *named = context;
    if (session_short_name(seen->id) != named->name) return;
    named->id = seen->id;
    named->count++;
}

/* False with the reason in `why`: nobody has that name, or several have. */
static bool find_named(struct asked *asked, uint64_t *id) {
    const struct control_walk walk = walk_of(asked);
    struct named named = {.name = (uint32_t)asked->request->session};
    if (!session_walk(walk.node, walk.now, &walk.rest, see_named, &named)) return false;
    *id = named.id;
    if (named.count > 1) return why_fail(&asked->why, "%zu sessions begin so, expected all 16 digits", named.count);
    return named.count == 1 || why_fail(&asked->why, "there is no such session");
}

static json_t *kick_session(struct asked *asked) {
    const struct control_request *request = asked->request;
    struct node *node = asked->host->watched.node;
    uint32_t seconds = request->fields & CONTROL_HAS_SECONDS ? request->seconds : CONTROL_KICK_SECONDS;
    uint64_t id = request->session, now = node_time(node, clock_monotonic_ms());
    uint64_t until = seconds == CONTROL_FOREVER ? NEVER : now + seconds * UINT64_C(1000);
    if (request->session_is_short && !find_named(asked, &id)) return NULL;
    struct session_name name = session_name_of(id);
    if (name.shard >= node->shard_count || !shard_kick(node->shards[name.shard], id, until, now))
        return failed(asked, "there is no such session");
    return json_pack("{s:i, s:o}", "ended", 1, "kept_out_seconds",
                     until == NEVER ? json_string("forever") : json_integer(seconds));
}

static json_t *answer_kick(struct asked *asked) {
    if (asked->request->fields & CONTROL_HAS_SESSION) return kick_session(asked);
    const struct control_orders orders = orders_of(asked);
    return control_access_kick(&orders, asked->request, clock_monotonic_ms(), &asked->why);
}

static json_t *answer_ban(struct asked *asked) {
    const struct control_orders orders = orders_of(asked);
    return control_access_ban(&orders, asked->request, clock_monotonic_ms(), &asked->why);
}

static json_t *answer_allow(struct asked *asked) {
    const struct control_orders orders = orders_of(asked);
    return control_access_allow(&orders, asked->request, clock_monotonic_ms(), &asked->why);
}

static json_t *answer_lift(struct asked *asked) {
    const struct control_orders orders = orders_of(asked);
    return control_access_lift(&orders, asked->request, &asked->why);
}

static json_t *answer_bans(struct asked *asked) {
    const struct control_orders orders = orders_of(asked);
    json_t *result = control_access_orders(&orders, asked->request, clock_monotonic_ms());
    return result ? result : failed(asked, NO_MEMORY);
}

static json_t *answer_why(struct asked *asked) {
    return control_access_explain(node_of(asked)->access, asked->request, clock_monotonic_ms(), &asked->why);
}

static json_t *answer_deny(struct asked *asked) {
    const struct operations *operations = asked->host->operations;
    char *report = NULL;
    bool asked_for = asked->request->fields & CONTROL_HAS_RELOAD;
    bool done = !asked_for || operations->reload_lists(operations->context, &report);
    if (!done) asked->faults = lines_of(report);
    free(report);
    return done ? control_access_sizes(node_of(asked)->access) : failed(asked, "nothing was changed");
}

/* It goes on for as long as that, or as those who ask /health need to see it. */
static json_t *answer_drain(struct asked *asked) {
    const struct operations *operations = asked->host->operations;
    const struct control_request *request = asked->request;
    bool timed = request->fields & CONTROL_HAS_SECONDS;
    if (timed && request->seconds == CONTROL_FOREVER) return failed(asked, "expected a time to drain for");
    operations->drain(operations->context, timed ? request->seconds * UINT64_C(1000) : LAME_DUCK_AUTO);
    return timed ? json_pack("{s:i}", "for_seconds", (int)request->seconds) : json_pack("{s:s}", "for", "auto");
}

/* Instead of what the settings trace, for a time. */
static json_t *answer_trace(struct asked *asked) {
    const struct control_request *request = asked->request;
    struct node *node = asked->host->watched.node;
    const bool off = request->fields & CONTROL_HAS_OFF;
    uint32_t seconds = request->fields & CONTROL_HAS_SECONDS ? request->seconds : CONTROL_TRACE_SECONDS;
    uint64_t until =
        seconds == CONTROL_FOREVER ? NEVER : node_time(node, clock_monotonic_ms()) + seconds * UINT64_C(1000);
    char text[PREFIX_TEXT_SIZE];
    if (!trace_set(&node->trace, off ? NULL : &request->prefix, until)) return failed(asked, NO_MEMORY);
    if (off) return json_pack("{s:n}", "prefix");
    return json_pack("{s:s, s:o}", "prefix", prefix_format(&request->prefix, text), "left_seconds",
                     until == NEVER ? json_string("forever") : json_integer(seconds));
}

static json_t *answer_log_level(struct asked *asked) {
    log_set_level(asked->request->level);
    return json_pack("{s:s}", "level", control_request_level(asked->request->level));
}

static json_t *answer_cluster(struct asked *asked) {
    struct clustering *clustering = asked->host->watched.clustering;
    const struct control_request *request = asked->request;
    return request->fields & CONTROL_HAS_FORGET ? control_cluster_forget(clustering, request->node, &asked->why)
                                                : control_cluster_status(clustering, &asked->why);
}

/* --- Answers --- */

/* Each returns a new reference, or NULL with `why`. */
static json_t *(*const answers[CONTROL_COMMANDS])(struct asked *asked) = {
    [CONTROL_STATUS] = answer_status,     [CONTROL_LIMITS] = answer_limits,
    [CONTROL_SESSIONS] = answer_sessions, [CONTROL_TOP] = answer_top,
    [CONTROL_ROOMS] = answer_rooms,       [CONTROL_BAN] = answer_ban,
    [CONTROL_UNBAN] = answer_lift,        [CONTROL_BANS] = answer_bans,
    [CONTROL_ALLOW] = answer_allow,       [CONTROL_DISALLOW] = answer_lift,
    [CONTROL_WHY] = answer_why,           [CONTROL_DENY] = answer_deny,
    [CONTROL_KICK] = answer_kick,         [CONTROL_DRAIN] = answer_drain,
    [CONTROL_TRACE] = answer_trace,       [CONTROL_LOG_LEVEL] = answer_log_level,
    [CONTROL_RELOAD] = answer_reload,     [CONTROL_CLUSTER] = answer_cluster,
};

/* Who reloads is told here; what comes of it has lines of its own. A look at the lists or
 * at the cluster changes nothing. Reasons name
 * networks, too. */
static void tell_log(const struct asked *asked, uid_t user, bool done) {
    const struct control_request *request = asked->request;
    const struct control_row *row = &control_commands[request->command];
    const bool names = node_config(node_of(asked))->log_addresses;
    char network[PREFIX_TEXT_SIZE] = "";
    if (!row->changes || (request->command == CONTROL_DENY && !(request->fields & CONTROL_HAS_RELOAD))) return;
    if (request->command == CONTROL_CLUSTER && !(request->fields & CONTROL_HAS_FORGET)) return;
    if (names && request->fields & CONTROL_HAS_PREFIX) prefix_format(&request->prefix, network);
    log_info("control", "%s%s%s by user %u%s%s", row->name, *network ? " " : "", network, (unsigned)user,
             done    ? ""
             : names ? " failed: "
                     : " failed",
             done || !names ? "" : asked->why.text);
}

/* Takes `answer` over; it may be NULL. */
static char *write_line(json_t *answer) {
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL, *line = NULL;
    json_decref(answer);
    size_t size = text ? strlen(text) : 0;
    if (text && (line = realloc(text, size + 2))) memcpy(line + size, "\n", 2);
    if (!line) free(text);
    return line;
}

static json_t *refusal(const char *kind, const char *why) {
    return json_pack("{s:i, s:b, s:s, s:o}", "version", CONTROL_VERSION, "ok", 0, "kind", kind, "error",
                     control_text(why));
}

char *control_answers_refusal(const char *why) {
    return write_line(refusal("request", why));
}

char *control_answers_to(const struct control_host *host, uid_t user, const char *line, size_t size) {
    struct control_request request;
    struct asked asked = {.host = host, .request = &request, .why = {NO_MEMORY}};
    if (!control_request_read(line, size, &request, &asked.why)) return control_answers_refusal(asked.why.text);
    json_t *result = answers[request.command](&asked);
    tell_log(&asked, user, result != NULL);
    if (result)
        return write_line(json_pack("{s:i, s:b, s:s, s:o}", "version", CONTROL_VERSION, "ok", 1, "command",
                                    control_commands[request.command].name, "result", result));
    json_t *answer = refusal("failed", asked.why.text);
    if (answer && asked.faults) (void)json_object_set_new(answer, "faults", asked.faults);
    return write_line(answer);
}
