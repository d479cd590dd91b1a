#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootnode/cluster/board_keeper.h"

static void pauses_grow_and_begin_again(void **state) {
    uint32_t pause = 0, before = 0;
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        pause = board_keeper_pause(before, 100);
        assert_true(pause > before || pause == BOARD_KEEPER_PAUSE_MAX_MS);
        assert_in_range(pause, BOARD_KEEPER_PAUSE_MIN_MS, BOARD_KEEPER_PAUSE_MAX_MS);
        before = pause;
    }
    assert_int_equal(pause, BOARD_KEEPER_PAUSE_MAX_MS);
    assert_int_equal(board_keeper_pause(pause, BOARD_KEEPER_LASTING_MS - 1), BOARD_KEEPER_PAUSE_MAX_MS);
    assert_int_equal(board_keeper_pause(pause, BOARD_KEEPER_LASTING_MS), BOARD_KEEPER_PAUSE_MIN_MS);
}

static void it_is_said_how_it_ended(void **state) {
    char text[BOARD_TEXT_SIZE];
    (void)state;
    board_keeper_describe(SIGSEGV, 4000, text);
    assert_string_equal(text, "the process for NATS has ended (signal 11), and is started anew in 4 s");
    board_keeper_describe(99 << 8, 1000, text);
    assert_string_equal(text, "the process for NATS has ended (status 99), and is started anew in 1 s");
}

/* --- The keeper --- */

static int ends[2];

static pid_t keep(void (*work)(void *context)) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    const pid_t keeper = fork();
    if (keeper == 0) {
        close(ends[0]);
        board_keeper_run(ends[1], work, &ends[1]);
    }
    close(ends[1]);
    return keeper;
}

static int status_of(pid_t keeper) {
    int status;
    assert_int_equal(waitpid(keeper, &status, 0), keeper);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void fail_to_begin(void *context) {
    (void)context;
    _exit(EXIT_FAILURE);
}
static void see_the_end(void *context) {
    (void)context;
    _exit(EXIT_SUCCESS);
}
static void die(void *context) {
    (void)context;
    (void)raise(SIGKILL);
}

static void what_cannot_begin_is_not_begun_again(void **state) {
    (void)state;
    assert_int_equal(status_of(keep(fail_to_begin)), EXIT_FAILURE);
    close(ends[0]);
}

static void it_ends_with_the_pair(void **state) {
    (void)state;
    assert_int_equal(status_of(keep(see_the_end)), EXIT_SUCCESS);
    close(ends[0]);
}

static void hang(void *context) {
    const int pair = *(const int *)context;
    (void)!send(pair, "here", 4, 0);
    for (;;) (void)pause();
}

/* Where it hangs, too, and whether or not the kernel tells it of its bootnode's death. */
static void what_hangs_ends_with_the_pair(void **state) {
    char here[5];
    int status = -1;
    pid_t ended = 0;
    (void)state;
    const pid_t keeper = keep(hang);
    assert_int_equal(recv(ends[0], here, sizeof here, 0), 4);
    close(ends[0]);
    for (unsigned ms = 0; ended == 0 && ms < 20000; ms += 10) {
        (void)poll(NULL, 0, 10);
        ended = waitpid(keeper, &status, WNOHANG);
    }
    if (ended == 0) (void)kill(keeper, SIGKILL);
    assert_int_equal(ended, keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

/* And while it waits to begin again. */
static void a_death_is_told_and_the_end_awaited(void **state) {
    uint8_t data[BOARD_PACKET_MAX];
    struct board_packet packet = {.type = BOARD_PACKET_READY};
    (void)state;
    const pid_t keeper = keep(die);
    const ssize_t size = recv(ends[0], data, sizeof data, 0);
    assert_true(size > 0 && board_pair_decode(data, (size_t)size, &packet));
    assert_int_equal(packet.type, BOARD_PACKET_DIED);
    assert_non_null(strstr(packet.text, "(signal 9)"));
    close(ends[0]);
    assert_int_equal(status_of(keeper), EXIT_SUCCESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_and_begin_again),          cmocka_unit_test(it_is_said_how_it_ended),
        cmocka_unit_test(what_cannot_begin_is_not_begun_again), cmocka_unit_test(it_ends_with_the_pair),
        cmocka_unit_test(what_hangs_ends_with_the_pair),        cmocka_unit_test(a_death_is_told_and_the_end_awaited),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("board_keeper", tests, NULL, NULL);
}
