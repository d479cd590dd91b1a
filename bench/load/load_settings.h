/* What a user asks of gochat-load: a fleet of sessions, and rows, which are measured one after the other while the
 * fleet lives. Without --rows the command line itself is the only row; with --rows FILE ('-': standard input) each line
 * holds the row flags of one more (# begins a comment), so that one fill of a million sessions serves many rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/address.h"

#define LOAD_TEXT_SIZE 256
#define LOAD_FILES_MAX 256 /* of --merge */
#define LOAD_METRICS_MAX 16

enum traffic_kind {
    TRAFFIC_BEATS,   /* heartbeats of the fleet */
    TRAFFIC_STUN,    /* Binding requests */
    TRAFFIC_RAW,     /* zeroes with a number, for bench/floor */
    TRAFFIC_DNS,     /* a query for one name */
    TRAFFIC_TRACKER, /* BEP 15 announces */
    TRAFFIC_NONE,    /* the fleet's own beats alone, for memory and idle figures */
    TRAFFIC_HELLO,
    TRAFFIC_REGISTER, /* with valid cookies, of sessions that are never confirmed */
    TRAFFIC_RELAY,    /* between members of the fleet's rooms */
    TRAFFIC_JUNK,     /* what no client sends */
};
/* BYTES: of no type. BEATS: of random sessions. AIMED: of random sessions of the first worker. */
enum junk { JUNK_BYTES, JUNK_BEATS, JUNK_AIMED };
enum pace { PACE_INTERVAL, PACE_RATE, PACE_MAX, PACE_FIND };
/* RARE: one beat in RARE_ANSWERS asks, enough for a latency, too few to weigh. */
enum answers { ANSWERS_RARE, ANSWERS_EVERY };
#define RARE_ANSWERS 1024

struct row_options {
    char name[LOAD_TEXT_SIZE]; /* --name; default: the traffic's */
    enum traffic_kind traffic; /* --stun, --raw SIZE, --dns NAME, --tracker, --idle, --hello, --register, --relay,
                                  --junk KIND; default beats */
    struct address target;     /* --to HOST:PORT; default the bootnode */
    size_t raw_size;           /* --raw: bytes of a datagram, at least 12 */
    bool echoed;               /* --echoed: with --raw, an answer to each is expected */
    char dns_name[LOAD_TEXT_SIZE];
    enum junk junk;        /* --junk bytes|beats|aimed */
    bool forged;           /* --forged: REGISTERs without a handshake, RELAYs with a wrong tag */
    uint32_t stock;        /* --stock: how many REGISTERs are made in advance; default 4096 */
    enum pace pace;        /* PACE_MAX where other traffic than beats was given no --rate */
    double interval_s;     /* --interval: every session beats once in that time; default 4 */
    double rate;           /* --rate: requests a second in all */
    double find_percent;   /* --find-rate: the highest rate is searched at which at most that share is lost */
    double duration_s;     /* --duration; default 10 */
    enum answers answers;  /* --answers; default rare */
    double churn_percent;  /* --churn: so many of the sessions a second leave and come back */
    double silent_percent; /* --silent: so many stop beating when the row begins; the row then lasts until every one of
                              them must have expired, and answer times are those from the first expiry to the last */
    bool rebind;           /* --rebind: the sockets get new ports before the row begins, and the sessions move */
    pid_t pid;             /* --pid: whose processor time and memory are reported; 0: nobody's */
    char json[LOAD_TEXT_SIZE]; /* --json: the result is written there ('-': standard output); empty: text */
};

struct load_options {
    struct address bootnode; /* --bootnode; a row with --to needs none */
    bool has_bootnode;
    uint32_t sessions;  /* --sessions; default 1000, 0: none */
    uint32_t room_size; /* --room-size; default 64 */
    uint32_t window;    /* --window: registrations in flight in a fill, whatever is lost; 0: what the bootnode bears */
    uint32_t watched_rooms; /* --watch: rooms whose announcements are judged; default 100, or all when fewer */
    uint32_t threads;       /* --threads; default 1. Each has rooms of its own, so more than rooms are not used */
    struct address sources; /* --sources A.B.C.D/LEN: sockets are bound to its addresses, spread evenly over it */
    unsigned sources_bits;  /* LEN; 0: the kernel chooses one address */
    bool apart;             /* --apart: every datagram leaves by itself. The kernel picks a worker for a whole segmented
                               send, by its first datagram, so steering by session only shows this way */
    struct address metrics[LOAD_METRICS_MAX]; /* --metrics ADDR:PORT[,…]: the counters of the bootnode, or of all nodes
                                                 of a cluster, to compare with ours */
    size_t metrics_count;
    char rows[LOAD_TEXT_SIZE]; /* --rows; empty: the command line is the row */
    double progress_s;         /* --progress: a line that often; 0: none; PROGRESS_DEFAULT: as the terminal wants it */
    char progress_json[LOAD_TEXT_SIZE]; /* --progress-json: the same as JSON lines ('-': standard output) */
    bool merge;                         /* --merge: nothing is measured, the results in `files` are added up */
    const char *files[LOAD_FILES_MAX];  /* argv's */
    size_t file_count;
    struct row_options row; /* defaults of every row, or the row itself */
    uint64_t row_flags;     /* which flags of a row the command line gave: bits, of load_options.c alone */
};
#define PROGRESS_DEFAULT (-1.0)
