/* What a worker did, counted. Each worker has its own, on its own cache lines, and is their only writer; whoever wants
 * to know sums them. */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* X: name, what it counts. L: one of several of a name, told apart by a label, one behind the other; name, label and
 * its value, what they all count. Kinds of rate limits are called as the settings are: rate_hello. */
#define COUNTERS(X, L)                                                                                                 \
    X(RECEIVED, "received", "datagrams received")                                                                      \
    X(RECEIVED_BYTES, "received_bytes", "bytes received")                                                              \
    X(SENT, "sent", "datagrams sent")                                                                                  \
    X(SENT_BYTES, "sent_bytes", "bytes sent")                                                                          \
    X(SEND_DROPPED, "send_dropped", "datagrams that the kernel did not take")                                          \
    X(RECEIVE_ERRORS, "receive_errors", "failed receives")                                                             \
    X(OVERSIZE, "oversize", "datagrams over 1,200 bytes, dropped")                                                     \
    X(UNKNOWN_TYPE, "unknown_type", "datagrams of no type that a client sends, dropped")                               \
    X(MALFORMED, "malformed", "datagrams of a wrong form, dropped")                                                    \
    X(STRAYED, "strayed", "datagrams of a session that arrived at another worker than its own")                        \
    L(DENIED_BAN, "denied", "list", "ban", "datagrams from addresses that are kept out, dropped")                      \
    L(DENIED_DENY, "denied", "list", "deny", "datagrams from addresses that are kept out, dropped")                    \
    X(HELLO, "hello", "HELLO answered")                                                                                \
    X(HELLO_ELSEWHERE, "hello_elsewhere", "HELLO answered with homes of which this node of a cluster is none")         \
    X(REGISTER, "register", "REGISTER with a valid cookie")                                                            \
    X(REGISTER_BUSY, "register_busy", "REGISTER turned away since too many of its source came while others waited")    \
    X(WELCOME, "welcome", "registrations answered with WELCOME")                                                       \
    X(PREVIOUS_KEY, "previous_key", "registrations of clients that still know a previous key of the bootnode")         \
    L(REFUSED_VERSION, "refused", "reason", "version", "REFUSED sent")                                                 \
    L(REFUSED_ROOM_FULL, "refused", "reason", "room_full", "REFUSED sent")                                             \
    L(REFUSED_SOURCE_LIMIT, "refused", "reason", "source_limit", "REFUSED sent")                                       \
    L(REFUSED_BOOTNODE_FULL, "refused", "reason", "bootnode_full", "REFUSED sent")                                     \
    L(REFUSED_DRAINING, "refused", "reason", "draining", "REFUSED sent")                                               \
    L(REFUSED_BUSY, "refused", "reason", "busy", "REFUSED sent")                                                       \
    L(REFUSED_ELSEWHERE, "refused", "reason", "elsewhere", "REFUSED sent")                                             \
    X(PROOF_BAD, "proof_bad", "proofs of a second address that were stale or forged")                                  \
    X(COOKIE_BAD, "cookie_bad", "REGISTER and MOVE without a valid cookie, dropped")                                   \
    X(HANDSHAKE_BAD, "handshake_bad", "REGISTER whose handshake or proof of the member key failed, dropped")           \
    X(HEARTBEAT, "heartbeat", "valid heartbeats")                                                                      \
    X(HEARTBEAT_FORGED, "heartbeat_forged", "heartbeats with a wrong tag, dropped")                                    \
    X(HEARTBEAT_OLD, "heartbeat_old", "heartbeats whose counter was not above the last, dropped")                      \
    X(HEARTBEAT_UNHEARD, "heartbeat_unheard", "valid heartbeats that did not echo what the client was told last")      \
    X(BEAT_ACK, "beat_ack", "BEAT_ACK sent")                                                                           \
    X(PATH, "path", "PATH sent")                                                                                       \
    X(MOVE, "move", "sessions moved to a new address")                                                                 \
    X(MOVE_REFUSED, "move_refused", "MOVE to a source that has no place for one more session, dropped")                \
    X(STRAY_SEALED, "stray_sealed", "UPDATE and INTRODUCE from another address than the session's, dropped")           \
    X(UPDATE, "update", "UPDATE accepted")                                                                             \
    X(INTRODUCE, "introduce", "INTRODUCE passed on")                                                                   \
    X(LEAVE, "leave", "sessions that left")                                                                            \
    X(TOLD_ELSEWHERE, "told_elsewhere", "sessions told that their room has other homes in the cluster")                \
    X(MOVED_AWAY, "moved_away", "sessions that left for other homes in the cluster")                                   \
    X(MOVED_LATE, "moved_late", "sessions that were told of other homes and did not leave, ended")                     \
    X(SEALED_FORGED, "sealed_forged", "sealed packets that did not open, dropped")                                     \
    X(SEALED_OLD, "sealed_old", "sealed packets whose counter was not above the last, dropped")                        \
    X(RESET, "reset", "RESET sent")                                                                                    \
    X(RESET_FOREIGN, "reset_foreign", "RESET sent for sessions of nodes that the cluster has no more")                 \
    X(FOREIGN, "foreign", "session ids of another bootnode, dropped")                                                  \
    X(NOTICE, "notice", "NOTICE sent")                                                                                 \
    X(STUN, "stun", "STUN answers")                                                                                    \
    X(RELAYED, "relayed", "RELAY passed on")                                                                           \
    X(RELAYED_BYTES, "relayed_bytes", "bytes of RELAY passed on")                                                      \
    X(RELAY_OFF, "relay_off", "RELAY while relaying is off, dropped")                                                  \
    X(RELAY_ELSEWHERE, "relay_elsewhere", "RELAY from another address than its session's, dropped")                    \
    X(RELAY_FORGED, "relay_forged", "RELAY with a wrong tag, dropped")                                                 \
    L(RELAY_LIMITED_SESSION, "relay_limited", "kind", "session", "RELAY over a limit of bytes, dropped")               \
    L(RELAY_LIMITED_SOURCE, "relay_limited", "kind", "source", "RELAY over a limit of bytes, dropped")                 \
    L(RELAY_LIMITED_RECEIVER, "relay_limited", "kind", "receiver", "RELAY over a limit of bytes, dropped")             \
    L(RELAY_LIMITED_TOTAL, "relay_limited", "kind", "total", "RELAY over a limit of bytes, dropped")                   \
    X(RELAY_NO_TARGET, "relay_no_target", "RELAY to nobody in the room who listens, dropped")                          \
    L(RATE_LIMITED_HELLO, "rate_limited", "kind", "hello", "packets over a rate limit")                                \
    L(RATE_LIMITED_REGISTER, "rate_limited", "kind", "register", "packets over a rate limit")                          \
    L(RATE_LIMITED_STUN, "rate_limited", "kind", "stun", "packets over a rate limit")                                  \
    L(RATE_LIMITED_RESET, "rate_limited", "kind", "reset", "packets over a rate limit")                                \
    L(RATE_LIMITED_RESET_BUSY, "rate_limited", "kind", "reset_busy", "packets over a rate limit")                      \
    L(RATE_LIMITED_UPDATE, "rate_limited", "kind", "update", "packets over a rate limit")                              \
    L(RATE_LIMITED_INTRODUCE, "rate_limited", "kind", "introduce", "packets over a rate limit")                        \
    L(RATE_LIMITED_MOVE, "rate_limited", "kind", "move", "packets over a rate limit")

enum counter {
#define COUNTER_ENUM(id, ...) COUNTER_##id,
    COUNTERS(COUNTER_ENUM, COUNTER_ENUM)
#undef COUNTER_ENUM
        COUNTER_COUNT
};

struct worker_counters {
    alignas(64) _Atomic uint64_t values[COUNTER_COUNT];
};

/* The owner alone: so no locked instruction is needed. */
static inline void counters_add(struct worker_counters *counters, enum counter which, uint64_t amount) {
    uint64_t value = atomic_load_explicit(&counters->values[which], memory_order_relaxed);
    atomic_store_explicit(&counters->values[which], value + amount, memory_order_relaxed);
}
static inline void counters_count(struct worker_counters *counters, enum counter which) {
    counters_add(counters, which, 1);
}

/* Any thread. */
static inline uint64_t counters_read(const struct worker_counters *counters, enum counter which) {
    return atomic_load_explicit(&counters->values[which], memory_order_relaxed);
}
/* All counters of this one's name together, whatever their labels. */
uint64_t counters_read_name(const struct worker_counters *counters, enum counter which);
const char *counter_name(enum counter which);
/* As Prometheus writes it, {label="value"}; empty where it is the only one of its name. */
const char *counter_labels(enum counter which);
const char *counter_help(enum counter which);
