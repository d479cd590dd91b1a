#include "bootnode/steering.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/stun.h"
#include "common/wire/bootnode_packets.h"

static_assert(BEAT_SIZE <= STEERING_SESSION_MAX && SEALED_OVERHEAD + COOKIE_SIZE <= STEERING_SESSION_MAX,
              "HEARTBEAT and MOVE come by the lane that is listened to");

#define NODE_OFFSET (SESSION_ID_OFFSET + 6)
#define SHARD_OFFSET (SESSION_ID_OFFSET + 7)

/* The program's lines by name: jumps count from the next one, and lead forward. */
enum line {
    SIZE,
    EMPTY,
    TYPE,
    IS_STUN,
    IS_BEAT,
    IS_UPDATE,
    IS_INTRODUCE,
    IS_MOVE,
    IS_LEAVE,
    IS_RELAY,
    IS_REGISTER,
    IS_HELLO,
    IS_OTHER,
    SESSION,
    SESSION_SHORT,
    DEVICE,
    DEVICE_LOOPBACK,
    SHORT,
    SHORT_END,
    RELAY,
    OWNER, /* X: the lane's first socket */
    OWNER_LONG,
    OWNER_NODE,
    OWNER_OURS,
    OWNER_SHARD,
    OWNER_EXISTS,
    OWNER_ADD,
    OWNER_END,
    JUNK,
    JUNK_END,
    STUN,
    STUN_END,
    HELLO,
    HELLO_END,
    REGISTER,
    SPREAD, /* X: the lane's first socket */
    SPREAD_MODULO,
    SPREAD_ADD,
    SPREAD_END,
    LINES
};

#define TO(from, line) ((line) - (from)-1)
#define IF(from, test, value, then, otherwise)                                                                         \
    [from] = BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), TO(from, then), TO(from, otherwise))
#define IS(from, type, then) IF(from, BPF_JEQ, type, then, (from) + 1)
#define GO(from, line) [from] = BPF_STMT(BPF_JMP | BPF_JA, TO(from, line))
#define FIRST_OF(from, lane) [from] = BPF_STMT(BPF_LDX | BPF_IMM, (uint32_t)steering_index(lane, 0, workers))
#define BYTE(from, offset) [from] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (offset))
#define RETURN(from) [from] = BPF_STMT(BPF_RET | BPF_A, 0)

int steering_attach(int socket, size_t workers, uint8_t node) {
    struct sock_filter code[LINES] = {
        [SIZE] = BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        IF(EMPTY, BPF_JEQ, 0, JUNK, TYPE),
        BYTE(TYPE, 0),
        IF(IS_STUN, BPF_JGE, STUN_TYPE_END, IS_BEAT, STUN),
        IS(IS_BEAT, MESSAGE_HEARTBEAT, SESSION),
        IS(IS_UPDATE, MESSAGE_UPDATE, SESSION),
        IS(IS_INTRODUCE, MESSAGE_INTRODUCE, SESSION),
        IS(IS_MOVE, MESSAGE_MOVE, SESSION),
        IS(IS_LEAVE, MESSAGE_LEAVE, SESSION),
        IS(IS_RELAY, MESSAGE_RELAY, RELAY),
        IS(IS_REGISTER, MESSAGE_REGISTER, REGISTER),
        IS(IS_HELLO, MESSAGE_HELLO, HELLO),

        GO(IS_OTHER, JUNK),

        [SESSION] = BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        IF(SESSION_SHORT, BPF_JGE, STEERING_SESSION_MAX + 1, DEVICE, SHORT),
        [DEVICE] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE)),
        IF(DEVICE_LOOPBACK, BPF_JEQ, ARPHRD_LOOPBACK, SHORT, RELAY),
        FIRST_OF(SHORT, LANE_SESSION),
        GO(SHORT_END, OWNER),
        FIRST_OF(RELAY, LANE_RELAY),

        [OWNER] = BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        IF(OWNER_LONG, BPF_JGE, SHARD_OFFSET + 1, OWNER_NODE, JUNK),
        BYTE(OWNER_NODE, NODE_OFFSET),
        IF(OWNER_OURS, BPF_JEQ, node, OWNER_SHARD, JUNK),
        BYTE(OWNER_SHARD, SHARD_OFFSET),
        IF(OWNER_EXISTS, BPF_JGE, (uint32_t)workers, JUNK, OWNER_ADD),
        [OWNER_ADD] = BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        RETURN(OWNER_END),

        FIRST_OF(JUNK, LANE_JUNK),
        GO(JUNK_END, SPREAD),
        FIRST_OF(STUN, LANE_STUN),
        GO(STUN_END, SPREAD),
        FIRST_OF(HELLO, LANE_HELLO),
        GO(HELLO_END, SPREAD),
        FIRST_OF(REGISTER, LANE_REGISTER),

        [SPREAD] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
        [SPREAD_MODULO] = BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (uint32_t)workers),
        [SPREAD_ADD] = BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        RETURN(SPREAD_END),
    };
    struct sock_fprog program;
    memset(&program, 0, sizeof program); /* its padding, too, goes to the kernel */
    program.len = LINES;
    program.filter = code;
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) return 0;
    return -errno;
}
