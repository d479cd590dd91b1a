#include "bootnode/packet_log.h"

#include <stdio.h>

#include "bootnode/limits.h"
#include "common/append.h"
#include "common/log.h"
#include "common/stun.h"

#define AREA "packet"
#define CAUSES_SIZE 400
#define NAME_INDEX(type) ((type)-MESSAGE_HELLO)

static const char *const names[] = {
    [NAME_INDEX(MESSAGE_HELLO)] = "HELLO",         [NAME_INDEX(MESSAGE_COOKIE)] = "COOKIE",
    [NAME_INDEX(MESSAGE_REGISTER)] = "REGISTER",   [NAME_INDEX(MESSAGE_WELCOME)] = "WELCOME",
    [NAME_INDEX(MESSAGE_HEARTBEAT)] = "HEARTBEAT", [NAME_INDEX(MESSAGE_BEAT_ACK)] = "BEAT_ACK",
    [NAME_INDEX(MESSAGE_CHANGES)] = "CHANGES",     [NAME_INDEX(MESSAGE_UPDATE)] = "UPDATE",
    [NAME_INDEX(MESSAGE_INTRODUCE)] = "INTRODUCE", [NAME_INDEX(MESSAGE_PATH)] = "PATH",
    [NAME_INDEX(MESSAGE_MOVE)] = "MOVE",           [NAME_INDEX(MESSAGE_LEAVE)] = "LEAVE",
    [NAME_INDEX(MESSAGE_RESET)] = "RESET",         [NAME_INDEX(MESSAGE_REFUSED)] = "REFUSED",
    [NAME_INDEX(MESSAGE_NOTICE)] = "NOTICE",       [NAME_INDEX(MESSAGE_RELAY)] = "RELAY",
};

/* What every packet causes, or several at once; of one packet it says nothing. */
static const bool of_all[COUNTER_COUNT] = {
    [COUNTER_RECEIVED] = true,   [COUNTER_RECEIVED_BYTES] = true, [COUNTER_SENT] = true,
    [COUNTER_SENT_BYTES] = true, [COUNTER_SEND_DROPPED] = true,   [COUNTER_RELAYED_BYTES] = true,
};

/* What packets are there for: at debug nobody asks. Whatever is counted one day and does not stand here is a reason. */
static const bool ordinary[COUNTER_COUNT] = {
    [COUNTER_HELLO] = true,    [COUNTER_REGISTER] = true, [COUNTER_WELCOME] = true, [COUNTER_HEARTBEAT] = true,
    [COUNTER_BEAT_ACK] = true, [COUNTER_UPDATE] = true,   [COUNTER_MOVE] = true,    [COUNTER_INTRODUCE] = true,
    [COUNTER_LEAVE] = true,    [COUNTER_NOTICE] = true,   [COUNTER_STUN] = true,    [COUNTER_RELAYED] = true,
    [COUNTER_PATH] = true,
};

void packet_log_init(struct packet_log *log) {
    *log = (struct packet_log){.debug = false};
    offenders_init(&log->offenders);
}

void packet_log_destroy(struct packet_log *log) {
    offenders_destroy(&log->offenders);
}

/* A prefix that the settings name was looked at when they were read. */
static bool find_traced(const struct context *context, const struct bootnode_config *config, struct prefix *out) {
    const struct prefix *asked = trace_now(&context->node->trace, context->now);
    struct why why;
    if (asked) *out = *asked;
    return asked || (*config->trace && prefix_parse(config->trace, out, &why));
}

bool packet_log_begin(struct packet_log *log, const struct context *context) {
    const struct bootnode_config *config = node_config(context->node);
    log->addresses = config->log_addresses;
    log->debug = log_enabled(LOG_LEVEL_DEBUG);
    log->traces = find_traced(context, config, &log->traced);
    return log->addresses || log->debug || log->traces;
}

/* "HEARTBEAT of session 1f2e3d4c, 40 bytes", with " from ADDRESS" where that is asked for. */
static void describe(const struct packet *packet, bool address, char *out, size_t size) {
    char text[ADDRESS_TEXT_SIZE];
    const uint8_t *data = packet->data;
    unsigned type = packet->size > 0 ? data[0] : 0;
    bool known = type >= MESSAGE_HELLO && type < MESSAGE_TYPE_END;
    *out = '\0';
    append_text(out, size, "%s", known ? names[NAME_INDEX(type)] : type < STUN_TYPE_END ? "STUN" : "something");
    if (dispatch_names_session(type) && packet->size >= SESSION_ID_OFFSET + sizeof(uint64_t)) {
        struct reader reader = reader_over(data + SESSION_ID_OFFSET, sizeof(uint64_t));
        append_text(out, size, " of session %08x", session_short_name(read_u64(&reader)));
    }
    append_text(out, size, ", %zu bytes", packet->size);
    if (address) append_text(out, size, " from %s", address_format(&packet->from, text));
}

static void read_all(const struct worker_counters *counters, uint64_t out[static COUNTER_COUNT]) {
    for (enum counter i = 0; i < COUNTER_COUNT; i++) out[i] = counters_read(counters, i);
}

/* All that the packet caused, by the names of metrics. Returns the first reason; COUNTER_COUNT: it was ordinary. */
static enum counter list_causes(const struct worker_counters *counters, const uint64_t before[static COUNTER_COUNT],
                                char out[static CAUSES_SIZE]) {
    enum counter reason = COUNTER_COUNT;
    *out = '\0';
    for (enum counter i = 0; i < COUNTER_COUNT; i++) {
        if (of_all[i] || counters_read(counters, i) == before[i]) continue;
        append_text(out, CAUSES_SIZE, "%s%s%s", *out ? ", " : "", counter_name(i), counter_labels(i));
        if (reason == COUNTER_COUNT && !ordinary[i]) reason = i;
    }
    return reason;
}

static void tell(const struct packet_log *log, const struct context *context, const struct packet *packet,
                 const uint64_t before[static COUNTER_COUNT], bool traced) {
    static struct log_limit trace_limit, reasons[COUNTER_COUNT];
    char causes[CAUSES_SIZE], what[200];
    enum counter reason = list_causes(context->counters, before, causes);
    if (!traced && reason == COUNTER_COUNT) return;
    if (context->limited != SHARD_LIMIT_NONE) append_text(causes, sizeof causes, " (%s)", limits_key(context->limited));
    describe(packet, traced || log->addresses, what, sizeof what);
    if (traced)
        log_limited(&trace_limit, PACKET_LOG_TRACED, LOG_LEVEL_TRACE, AREA, "%s: %s", what,
                    *causes ? causes : "nothing came of it");
    else
        log_limited(&reasons[reason], PACKET_LOG_DEBUG, LOG_LEVEL_DEBUG, AREA, "%s: %s", what, causes);
}

static void note_offender(struct packet_log *log, const struct context *context, const struct packet *packet,
                          const uint64_t before[static COUNTER_COUNT]) {
    for (size_t i = 0; i < limits_count; i++) {
        enum counter which = limits[i].counter;
        if (counters_read(context->counters, which) == before[which]) continue;
        offenders_note(&log->offenders, which, &packet->from);
        return;
    }
}

void packet_log_dispatch(struct packet_log *log, struct context *context, const struct packet *packet) {
    uint64_t before[COUNTER_COUNT];
    bool traced = log->traces && prefix_covers(&log->traced, &packet->from);
    if (!traced && !log->debug && !log->addresses) {
        dispatch(context, packet);
        return;
    }
    context->limited = SHARD_LIMIT_NONE;
    read_all(context->counters, before);
    dispatch(context, packet);
    if (traced || log->debug) tell(log, context, packet, before, traced);
    if (log->addresses) note_offender(log, context, packet, before);
}
