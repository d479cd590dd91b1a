#include "bootnode/cluster/board_keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"

#define KEEPER_LOOK_MS 250 /* how often it is seen whether it has ended */
#define END_MS 1000        /* it has so long to end by itself */

uint32_t board_keeper_pause(uint32_t before_ms, uint64_t lived_ms) {
    if (before_ms == 0 || lived_ms >= BOARD_KEEPER_LASTING_MS) return BOARD_KEEPER_PAUSE_MIN_MS;
    return before_ms < BOARD_KEEPER_PAUSE_MAX_MS / 2 ? 2 * before_ms : BOARD_KEEPER_PAUSE_MAX_MS;
}

void board_keeper_describe(int status, uint32_t pause_ms, char out[static BOARD_TEXT_SIZE]) {
    const bool killed = WIFSIGNALED(status);
    snprintf(out, BOARD_TEXT_SIZE, "the process for NATS has ended (%s %d), and is started anew in %u s",
             killed ? "signal" : "status", killed ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned)pause_ms / 1000);
}

static void tell(int pair, int status, uint32_t pause_ms) {
    static struct board_packet packet;
    uint8_t data[BOARD_PACKET_MAX];
    packet.type = BOARD_PACKET_DIED;
    board_keeper_describe(status, pause_ms, packet.text);
    (void)send(pair, data, board_pair_encode(&packet, data), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* False at the end of the pair, which is not read: what is in it is for the next one. */
static bool rest(int pair, uint32_t pause_ms) {
    struct pollfd end = {.fd = pair, .events = POLLRDHUP};
    const uint64_t until = clock_monotonic_ms() + pause_ms;
    int count = 0;
    for (uint64_t now; count <= 0 && (now = clock_monotonic_ms()) < until;) {
        count = poll(&end, 1, (int)(until - now));
        if (count < 0 && errno != EINTR) return false;
    }
    return count <= 0;
}

/* Has it ended, and how? */
static bool has_ended(pid_t process, int *status) {
    return waitpid(process, status, WNOHANG) == process;
}

/* Returns how it ended. One that does not see the end of the pair, since it hangs, is killed: the kernel does not do it
 * for us where it scopes signals (Landlock of Linux 6.12), since our bootnode is in a sandbox then, and its death may
 * signal nobody outside. */
static int await_end(int pair, pid_t process) {
    struct pollfd end = {.fd = pair, .events = POLLRDHUP};
    int status = EXIT_FAILURE << 8;
    while (!has_ended(process, &status)) {
        if (poll(&end, 1, KEEPER_LOOK_MS) <= 0) continue;
        for (uint64_t until = clock_monotonic_ms() + END_MS; clock_monotonic_ms() < until; (void)poll(NULL, 0, 10))
            if (has_ended(process, &status)) return status;
        (void)kill(process, SIGKILL);
        while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }
    return status;
}

static int run_once(int pair, void (*work)(void *context), void *context) {
    const pid_t keeper = getpid();
    const pid_t process = fork();
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where it waits for something else than the pair */
        if (getppid() != keeper) _exit(EXIT_SUCCESS);
        work(context);
        _exit(EXIT_FAILURE);
    }
    return process < 0 ? EXIT_FAILURE << 8 : await_end(pair, process);
}

void board_keeper_run(int pair, void (*work)(void *context), void *context) {
    bool ran = false;
    uint32_t pause_ms = 0;
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, the kernel would keep how it ended to itself */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        const uint64_t began = clock_monotonic_ms();
        const int status = run_once(pair, work, context);
        const bool failed = WIFEXITED(status) && WEXITSTATUS(status) != EXIT_SUCCESS;
        if (WIFEXITED(status) && !failed) _exit(EXIT_SUCCESS);
        if (failed && !ran) _exit(EXIT_FAILURE);
        ran = true;
        pause_ms = board_keeper_pause(pause_ms, clock_monotonic_ms() - began);
        tell(pair, status, pause_ms);
        if (!rest(pair, pause_ms)) _exit(EXIT_SUCCESS);
    }
}
