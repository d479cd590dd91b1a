#include "bootnode/steering.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/wire/bootnode_packets.h"

#define SHARD_OFFSET (SESSION_ID_OFFSET + 7)
#define NOBODY 0xffffffffu

int steering_attach(int socket, size_t workers) {
    /* Jumps count from the next instruction. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SHARD_OFFSET + 1, 0, 10),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_HEARTBEAT, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_UPDATE, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_INTRODUCE, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_MOVE, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_LEAVE, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MESSAGE_RELAY, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SHARD_OFFSET),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)workers, 1, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, NOBODY),
    };
    struct sock_fprog program;
    memset(&program, 0, sizeof program); /* its padding, too, goes to the kernel */
    program.len = sizeof code / sizeof code[0];
    program.filter = code;
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) return 0;
    return -errno;
}
