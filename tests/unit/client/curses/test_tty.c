#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/curses/tty.h"
#include "common/thread.h"

#define MUCH (256 * 1024) /* more than a pseudo-terminal takes unread */
#define GUARD_S 20        /* a call that blocks ends the test here */

static int master, slave;
static struct tty tty;
static char much[MUCH];

static int set_up(void **state) {
    (void)state;
    alarm(GUARD_S);
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) return -1;
    fcntl(master, F_SETFL, O_NONBLOCK);
    if (!tty_open(&tty, slave, slave)) return -1;
    tty_raw(&tty);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tty_close(&tty);
    close(slave);
    if (master >= 0) close(master);
    return 0;
}

/* As where no description of our own can be had. */
static int set_up_shared(void **state) {
    if (set_up(state) != 0) return -1;
    close(tty.output);
    tty.output = dup(slave);
    return tty.output < 0;
}

static char byte_at(size_t place) {
    return (char)('a' + place % 23);
}

static void write_much(void) {
    tty_write(&tty, much, MUCH);
}

/* Reads as a terminal does, what has come. */
static size_t take(size_t place) {
    char bytes[4096];
    ssize_t got = read(master, bytes, sizeof bytes);
    for (ssize_t i = 0; i < got; i++) assert_int_equal(bytes[i], byte_at(place + (size_t)i));
    return got > 0 ? (size_t)got : 0;
}

static void a_terminal_that_does_not_read_holds_nobody_up(void **state) {
    (void)state;
    write_much();
    assert_true(tty_waits(&tty));
    tty_flush(&tty);
    assert_true(tty_waits(&tty));
    assert_true(tty_is_there(&tty));
    assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
    assert_false(tty_drain(&tty, 20, 1000));
    assert_false(tty_waits(&tty));
    tty_restore(&tty);
}

static void what_it_reads_later_is_all_of_it_in_order(void **state) {
    (void)state;
    write_much();
    size_t taken = 0;
    while (taken < MUCH) {
        taken += take(taken);
        tty_flush(&tty);
    }
    assert_false(tty_waits(&tty));
    assert_true(tty_drain(&tty, 0, 0));
}

/* Ctrl-S, tcflow(3). */
static void a_stopped_one_goes_on(void **state) {
    (void)state;
    assert_int_equal(tcflow(slave, TCOOFF), 0);
    tty_write(&tty, "abc", 3);
    assert_true(tty_waits(&tty));
    assert_false(tty_drain(&tty, 20, 1000));
    tty_write(&tty, "abc", 3);
    assert_int_equal(tcflow(slave, TCOON), 0);
    assert_true(tty_drain(&tty, 1000, 2000));
    assert_int_equal(take(0), 3);
}

static void a_closed_one_takes_everything(void **state) {
    (void)state;
    write_much();
    close(master);
    master = -1;
    tty_flush(&tty);
    assert_false(tty_waits(&tty));
    assert_false(tty_is_there(&tty));
    char byte;
    assert_int_equal(tty_read(&tty, &byte, 1), 0);
}

static void reading_does_not_wait(void **state) {
    char bytes[8];
    (void)state;
    assert_int_equal(tty_read(&tty, bytes, sizeof bytes), 0);
    assert_int_equal(write(master, "\r\003", 2), 2);
    assert_int_equal(tty_read(&tty, bytes, sizeof bytes), 2);
    assert_memory_equal(bytes, "\r\003", 2);
    tty_restore(&tty); /* line by line, as somebody else may have it */
    assert_int_equal(tty_read(&tty, bytes, sizeof bytes), 0);
    assert_int_equal(write(master, "x\n", 2), 2);
    assert_int_equal(tty_read(&tty, bytes, sizeof bytes), 2);
    assert_int_equal(tty_read(&tty, bytes, sizeof bytes), 0);
}

static void settings_come_back(void **state) {
    struct termios before = {0}, after = {0};
    (void)state;
    tty_restore(&tty);
    tcgetattr(slave, &before);
    assert_true(before.c_lflag & ICANON);
    tty_raw(&tty);
    tcgetattr(slave, &after);
    assert_false(after.c_lflag & (ICANON | ECHO | ISIG));
    tty_restore(&tty);
    tcgetattr(slave, &after);
    assert_memory_equal(&before, &after, sizeof before);
}

/* --- The last that it hears --- */

#define LAST "\033\\that was it"
#define ROUNDS 200
#define ROUNDS_GUARD_S (15 * GUARD_S)

static atomic_bool told_to_end;

static void write_on_and_on(void *argument) {
    (void)argument;
    while (!atomic_load(&told_to_end)) {
        write_much();
        tty_flush(&tty);
    }
}

static bool has_last(void) {
    static char bytes[2 * MUCH];
    size_t size = 0;
    for (ssize_t got; (got = read(master, bytes + size, sizeof bytes - size)) > 0;) size += (size_t)got;
    return memmem(bytes, size, LAST, strlen(LAST)) != NULL;
}

/* As a screen's thread does while another one crashes: it fills the queue again as soon as that is empty. */
static void the_last_gets_through_beside_a_thread_that_writes(void **state) {
    (void)state;
    alarm(ROUNDS_GUARD_S);
    for (int round = 0; round < ROUNDS; round++) {
        struct thread writer;
        atomic_store(&told_to_end, false);
        assert_int_equal(thread_start(&writer, "writer", false, write_on_and_on, NULL), 0);
        struct pollfd full = {.fd = slave, .events = POLLOUT};
        while (poll(&full, 1, 0) > 0) sched_yield();
        tty_write_last(tty.output, LAST, strlen(LAST));
        atomic_store(&told_to_end, true);
        thread_join(&writer);
        assert_true(has_last());
        tty_raw(&tty);
    }
}

static void nothing_comes_after_the_last_until_it_is_taken_again(void **state) {
    (void)state;
    tty_write_last(tty.output, "x", 1);
    tty_write(&tty, "abc", 3);
    assert_false(tty_waits(&tty));
    char byte[8];
    assert_int_equal(read(master, byte, sizeof byte), 1);
    tty_raw(&tty);
    tty_write(&tty, "abc", 3);
    assert_int_equal(take(0), 3);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_SHARED(name)                                                                                              \
    { #name " (shared)", name, set_up_shared, tear_down, NULL }
    const struct CMUnitTest tests[] = {
        TEST(a_terminal_that_does_not_read_holds_nobody_up),
        TEST_SHARED(a_terminal_that_does_not_read_holds_nobody_up),
        TEST(what_it_reads_later_is_all_of_it_in_order),
        TEST_SHARED(what_it_reads_later_is_all_of_it_in_order),
        TEST(a_stopped_one_goes_on),
        TEST_SHARED(a_stopped_one_goes_on),
        TEST(a_closed_one_takes_everything),
        TEST(reading_does_not_wait),
        TEST(settings_come_back),
        TEST(the_last_gets_through_beside_a_thread_that_writes),
        TEST(nothing_comes_after_the_last_until_it_is_taken_again),
        TEST_SHARED(nothing_comes_after_the_last_until_it_is_taken_again),
    };
    for (size_t i = 0; i < MUCH; i++) much[i] = byte_at(i);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("tty", tests, NULL, NULL);
}
