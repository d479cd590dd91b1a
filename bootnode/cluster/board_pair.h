/* What the bootnode and the process of its board (board.h) say to each other over a pair of SOCK_SEQPACKET sockets: one
 * packet each. Neither trusts the other: the process reads what the network sends, and may be a stranger's by now. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define BOARD_MESSAGE_MAX 1024 /* bytes of one message on the board */
#define BOARD_TEXT_SIZE 512

/* The first word of a subject "gochat.CLUSTER.WORD.ID". */
enum board_subject { BOARD_BEACON, BOARD_ORDERS, BOARD_SUBJECTS };

struct board_message {
    enum board_subject subject;
    uint8_t id;     /* whose it is: the subject's last word. Of what is to be published, ours */
    uint64_t at_ms; /* clock_monotonic_ms when it came to this machine, or was handed over */
    size_t size;
    uint8_t data[BOARD_MESSAGE_MAX];
};

enum board_packet_type {
    /* From the process. */
    BOARD_PACKET_READY,   /* the files are read, first of all */
    BOARD_PACKET_FAILED,  /* or not, and why; it ends */
    BOARD_PACKET_THERE,   /* connected: text has the server */
    BOARD_PACKET_AWAY,    /* and no longer, or not yet: text says why */
    BOARD_PACKET_HEARD,   /* message */
    BOARD_PACKET_REFUSED, /* count of messages and refusals since the last one, and the latest in words */
    BOARD_PACKET_LOST,    /* count of messages that we were too slow for */
    BOARD_PACKET_DIED,    /* the process, which is started anew: text */
    /* From the bootnode. */
    BOARD_PACKET_PUBLISH, /* message */
    BOARD_PACKET_TYPES
};

struct board_packet {
    enum board_packet_type type;
    uint32_t count;             /* BOARD_PACKET_REFUSED, BOARD_PACKET_LOST */
    char text[BOARD_TEXT_SIZE]; /* printable ASCII, ended by a zero */
    struct board_message message;
};

#define BOARD_PACKET_MAX (16 + BOARD_MESSAGE_MAX)

/* Returns the size. Of a text, what is no printable ASCII becomes '?'. */
size_t board_pair_encode(const struct board_packet *packet, uint8_t out[static BOARD_PACKET_MAX]);
/* False for what is none. */
MUST_USE bool board_pair_decode(const uint8_t *data, size_t size, struct board_packet *out);

/* "gochat.CLUSTER.WORD.ID", or with "*" for the last two, which all of the cluster's match. */
#define BOARD_SUBJECT_SIZE 64
void board_pair_subject(const char *cluster, enum board_subject subject, uint8_t id,
                        char out[static BOARD_SUBJECT_SIZE]);
void board_pair_all(const char *cluster, char out[static BOARD_SUBJECT_SIZE]);
/* The reverse: exactly as above, an id without zeros before it. False for any other. */
MUST_USE bool board_pair_read_subject(const char *text, const char *cluster, enum board_subject *subject, uint8_t *id);
