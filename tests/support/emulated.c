#include "tests/support/emulated.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

/* Nothing that is written to a terminal has these. */
#define SETTLE_BYTE 0x16 /* SYN */
#define END_BYTE 0x17    /* ETB, alone */

static void take(struct emulated *emulated, const char *bytes, size_t size) {
    pthread_mutex_lock(&emulated->mutex);
    char *grown = realloc(emulated->bytes, emulated->size + size);
    if (!grown) abort();
    memcpy(grown + emulated->size, bytes, size);
    emulated->bytes = grown;
    emulated->size += size;
    for (size_t i = 0; i < size; i++) emulated->settled += bytes[i] == SETTLE_BYTE;
    pthread_cond_broadcast(&emulated->came);
    pthread_mutex_unlock(&emulated->mutex);
}

/* Ends when nobody has the other side open any more. */
static void *feed(void *context) {
    struct emulated *emulated = context;
    char bytes[65536];
    for (;;) {
        ssize_t size = read(emulated->master, bytes, sizeof bytes);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0 || (size == 1 && *bytes == END_BYTE)) return NULL;
        take(emulated, bytes, (size_t)size);
    }
}

struct emulated *emulated_open(unsigned rows, unsigned columns) {
    struct emulated *emulated = calloc(1, sizeof *emulated);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

    assert_non_null(emulated);
    assert_int_equal(openpty(&emulated->master, &emulated->terminal, NULL, NULL, &size), 0);
    emulated->emulator = emulator_open(rows, columns);
    pthread_mutex_init(&emulated->mutex, NULL);
    pthread_cond_init(&emulated->came, NULL);
    assert_int_equal(pthread_create(&emulated->thread, NULL, feed, emulated), 0);
    return emulated;
}

void emulated_close(struct emulated *emulated) {
    if (emulated->terminal >= 0) close(emulated->terminal);
    if (emulated->master >= 0) {
        pthread_join(emulated->thread, NULL);
        close(emulated->master);
    }
    emulator_close(emulated->emulator);
    free(emulated->bytes);
    pthread_mutex_destroy(&emulated->mutex);
    pthread_cond_destroy(&emulated->came);
    free(emulated);
}

static void show(struct emulated *emulated, const char *bytes, size_t size) {
    for (const char *mark; size > 0 && (mark = memchr(bytes, SETTLE_BYTE, size)); bytes = mark + 1) {
        emulator_feed(emulated->emulator, bytes, (size_t)(mark - bytes));
        size -= (size_t)(mark + 1 - bytes);
    }
    if (size > 0) emulator_feed(emulated->emulator, bytes, size);
}

void emulated_settle(struct emulated *emulated) {
    char mark = SETTLE_BYTE;
    assert_int_equal(write(emulated->terminal, &mark, 1), 1);
    pthread_mutex_lock(&emulated->mutex);
    emulated->asked++;
    while (emulated->settled < emulated->asked) pthread_cond_wait(&emulated->came, &emulated->mutex);
    char *bytes = emulated->bytes;
    size_t size = emulated->size;
    emulated->bytes = NULL;
    emulated->size = 0;
    pthread_mutex_unlock(&emulated->mutex);
    show(emulated, bytes, size);
    free(bytes);
}

void emulated_hang_up(struct emulated *emulated) {
    char end = END_BYTE;
    emulated_settle(emulated);
    assert_int_equal(write(emulated->terminal, &end, 1), 1);
    pthread_join(emulated->thread, NULL);
    close(emulated->master);
    emulated->master = -1;
}

void emulated_type(struct emulated *emulated, const void *bytes, size_t size) {
    struct pollfd readable = {.fd = emulated->terminal, .events = POLLIN};
    int before = 0, there = 0;
    assert_int_equal(ioctl(emulated->terminal, FIONREAD, &before), 0);
    assert_int_equal(write(emulated->master, bytes, size), size);
    while (there < before + (int)size) {
        poll(&readable, 1, -1);
        assert_int_equal(ioctl(emulated->terminal, FIONREAD, &there), 0);
    }
}

void emulated_resize(struct emulated *emulated, unsigned rows, unsigned columns) {
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    assert_int_equal(ioctl(emulated->master, TIOCSWINSZ, &size), 0);
    emulator_resize(emulated->emulator, rows, columns);
}
