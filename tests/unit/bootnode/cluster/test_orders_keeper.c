#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bootnode/cluster/orders_codec.h"
#include "bootnode/cluster/orders_file.h"
#include "bootnode/cluster/orders_keeper.h"
#include "bootnode/guard/access.h"
#include "bootnode/guard/access_orders.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/folder.h"
#include "tests/support/log_lines.h"

static const struct seal_keys keys = {.items = {{7}}, .count = 1}, others = {.items = {{8}}, .count = 1};
static struct orders_keeper a, b;
static struct access *access_a, *access_b;
static struct why why;
static const char *folder;

static const char *path_of(uint8_t id) {
    static char path[FOLDER_PATH_SIZE];
    const char name[] = {'o', (char)('0' + id), '\0'};
    return folder_file(folder, name, path);
}

static void open_keeper(struct orders_keeper *keeper, uint8_t id, const struct seal_keys *sealed,
                        struct access **access) {
    *keeper = (struct orders_keeper){.is_open = false};
    *access = access_create(NULL, 0);
    if (!orders_keeper_open(keeper, id, sealed, path_of(id), &why)) fail_msg("%s", why.text);
    orders_keeper_enter(keeper, *access);
}

static void close_keeper(struct orders_keeper *keeper, struct access *access) {
    orders_keeper_close(keeper);
    access_destroy(access);
}

static int start(void **state) {
    rcu_reader_register();
    const int made = folder_make(state);
    folder = *state;
    open_keeper(&a, 1, &keys, &access_a);
    open_keeper(&b, 2, &keys, &access_b);
    return made;
}

static int stop(void **state) {
    close_keeper(&a, access_a);
    close_keeper(&b, access_b);
    rcu_reader_unregister();
    return folder_remove(state);
}

static struct prefix network(const char *text) {
    struct prefix prefix;
    assert_true(prefix_parse(text, &prefix, &why));
    return prefix;
}

static enum access_rule ask(const struct access *access, const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return access_ask(access, &address);
}

static void settle(struct orders_keeper *keeper, uint64_t later_ms) {
    orders_keeper_settle(keeper, clock_monotonic_ms() + later_ms, clock_wall_ms() + later_ms);
}

/* What is due at that time; returns how many messages that were. */
static unsigned carry(struct orders_keeper *from, uint8_t id, struct orders_keeper *to, uint64_t later_ms) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    unsigned sent = 0;
    settle(from, later_ms);
    for (size_t size;
         (size = orders_keeper_next(from, clock_monotonic_ms() + later_ms, clock_wall_ms() + later_ms, bytes)) > 0;
         sent++)
        orders_keeper_hear(to, id, bytes, size);
    settle(to, later_ms);
    return sent;
}

static void test_what_one_orders_holds_at_the_other(void **state) {
    const struct prefix bad = network("192.0.2.0/24"), inside = network("192.0.2.9");
    struct access_order orders[2];
    struct orders_figures figures;
    (void)state;
    assert_int_equal(carry(&a, 1, &b, 0), 0);
    assert_true(orders_keeper_ban(&a, &bad, NEVER, &why));
    assert_int_equal(ask(access_a, "192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(carry(&a, 1, &b, 0), 1);
    assert_int_equal(ask(access_b, "192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(access_orders(access_b, orders, 2), 1);
    assert_int_equal(orders[0].author, 1);
    assert_int_equal(carry(&a, 1, &b, 0), 0);
    assert_int_equal(carry(&a, 1, &b, ORDERS_AGAIN_MS), 1);
    assert_int_equal(carry(&a, 1, &b, ORDERS_AGAIN_MS + 100), 0);
    assert_int_equal(carry(&a, 1, &b, 3 * ORDERS_AGAIN_MS + 100), 1);
    assert_int_equal(carry(&a, 1, &b, 5 * ORDERS_AGAIN_MS + 200), 0);
    assert_int_equal(carry(&a, 1, &b, ORDERS_EVERY_MS), 1);
    orders_keeper_repeat(&a);
    assert_int_equal(carry(&a, 1, &b, 0), 1);
    /* The other one ends it, as an operator would one of his own. */
    assert_false(orders_keeper_lift(&b, ACCESS_BANNED, &inside, &why));
    assert_non_null(strstr(why.text, "but one of 192.0.2.0/24"));
    assert_false(orders_keeper_lift(&b, ACCESS_ALLOWED, &bad, &why));
    assert_true(orders_keeper_lift(&b, ACCESS_BANNED, &bad, &why));
    assert_int_equal(carry(&b, 2, &a, 0), 1);
    assert_int_equal(ask(access_a, "192.0.2.1"), ACCESS_OPEN);
    orders_keeper_look(&a, &figures);
    assert_int_equal(figures.own, 0);
    assert_int_equal(figures.others, 1);
    assert_int_equal(figures.taken, 1);
}

static void test_what_would_do_nothing_is_refused(void **state) {
    const struct prefix wide = network("0.0.0.0/1"), friend = network("192.0.2.0/24"), of_it = network("192.0.2.1");
    (void)state;
    assert_false(orders_keeper_ban(&a, &wide, NEVER, &why));
    assert_true(orders_keeper_allow(&a, &friend, NEVER, &why));
    assert_int_equal(carry(&a, 1, &b, 0), 1);
    assert_false(orders_keeper_ban(&b, &of_it, NEVER, &why));
    assert_non_null(strstr(why.text, "lets it in"));
}

static void test_orders_outlast_a_restart(void **state) {
    const struct prefix bad = network("192.0.2.0/24"), worse = network("198.51.100.0/24"),
                        short_one = network("10.0.0.0/8");
    (void)state;
    assert_true(orders_keeper_ban(&a, &bad, NEVER, &why));
    assert_true(orders_keeper_ban(&b, &worse, clock_monotonic_ms() + 100000, &why));
    assert_true(orders_keeper_ban(&b, &short_one, clock_monotonic_ms(), &why));
    (void)carry(&a, 1, &b, 0);
    close_keeper(&b, access_b);
    open_keeper(&b, 2, &keys, &access_b);
    assert_int_equal(ask(access_b, "192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(ask(access_b, "198.51.100.1"), ACCESS_BANNED);
    assert_int_equal(ask(access_b, "10.0.0.1"), ACCESS_OPEN);
    assert_int_equal(carry(&b, 2, &a, 0), 1);
    assert_int_equal(ask(access_a, "198.51.100.1"), ACCESS_BANNED);
    assert_true(orders_keeper_lift(&b, ACCESS_BANNED, &bad, &why));
    /* Another key: nobody's. That is said. */
    close_keeper(&b, access_b);
    log_lines_begin();
    open_keeper(&b, 2, &others, &access_b);
    assert_true(access_is_open(access_b));
    const char *line = log_lines_next();
    assert_non_null(line);
    assert_non_null(strstr(line, path_of(2)));
    assert_non_null(strstr(line, "not all bans in it hold"));
    log_lines_end();
}

/* The place that was written last is torn: the one before counts. */
static void test_a_torn_file_has_the_edition_before(void **state) {
    const struct prefix bad = network("192.0.2.0/24"), worse = network("198.51.100.0/24");
    (void)state;
    assert_true(orders_keeper_ban(&a, &bad, NEVER, &why));
    assert_true(orders_keeper_ban(&a, &worse, NEVER, &why));
    const uint64_t number = a.file.number;
    close_keeper(&a, access_a);
    int descriptor = open(path_of(1), O_WRONLY);
    assert_int_equal(pwrite(descriptor, "torn", 4, (off_t)(number % 2) * (4 << 20) + 60), 4);
    close(descriptor);
    open_keeper(&a, 1, &keys, &access_a);
    assert_int_equal(ask(access_a, "192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(ask(access_a, "198.51.100.1"), ACCESS_OPEN);
    close_keeper(&a, access_a);
    descriptor = open(path_of(1), O_WRONLY | O_TRUNC);
    close(descriptor);
    log_lines_begin();
    open_keeper(&a, 1, &keys, &access_a);
    assert_true(access_is_open(access_a));
    assert_null(log_lines_next());
    /* Both are. */
    close_keeper(&a, access_a);
    descriptor = open(path_of(1), O_WRONLY | O_TRUNC);
    assert_int_equal(write(descriptor, "no bans", 7), 7);
    close(descriptor);
    open_keeper(&a, 1, &keys, &access_a);
    assert_true(access_is_open(access_a));
    assert_non_null(log_lines_next());
    log_lines_end();
}

/* As where a machine without a clock of its own has just started: 1970. */
static void test_a_clock_that_is_not_set_lengthens_no_ban(void **state) {
    const uint64_t now = 1000000, wall = clock_wall_ms();
    const struct prefix networks[] = {network("192.0.2.0/24"), network("198.51.100.0/24")};
    struct orders *orders = calloc(4, sizeof *orders), *after = &orders[3];
    struct orders_file file;
    uint8_t *bytes;
    size_t size;
    (void)state;
    assert_non_null(orders);
    for (uint8_t id = 1; id <= 2; id++) {
        uint8_t sealed[ORDERS_MESSAGE_MAX];
        struct orders_message message;
        orders_init(&orders[id], id);
        assert_true(orders_give(&orders[id], ORDER_BAN, &networks[id - 1], now + 3600000, wall, &why));
        size = orders_encode(&orders[id].authors[id], id, 0, now, wall, &keys, sealed, sizeof sealed);
        assert_int_equal(orders_decode(sealed, size, &keys, &message), SEAL_HOLDS);
        if (id == 2) assert_int_equal(orders_hear(&orders[1], &message.part, now, wall), ORDERS_TAKEN);
    }
    assert_true(orders_file_open(&file, path_of(3), &why));
    bytes = orders_file_encode(&file, &keys, &orders[1], now, wall, &size);
    assert_non_null(bytes);
    rcu_reader_offline();
    assert_true(orders_file_write(&file, bytes, size));
    rcu_reader_online();
    free(bytes);
    orders_init(after, 1);
    assert_true(orders_file_read(&file, &keys, after, now, 1000));
    for (uint8_t id = 1; id <= 2; id++) {
        assert_int_equal(after->authors[id].list.count, 1);
        assert_in_range(after->authors[id].list.items[0].until_ms, now + 1, now + 3600000);
    }
    orders_file_close(&file);
    for (size_t i = 1; i < 4; i++) orders_clear(&orders[i]);
    free(orders);
}

/* A limit on file sizes stands for a full disk. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    signal(SIGXFSZ, bytes == RLIM_INFINITY ? SIG_DFL : SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Orders outlast a restart though the disk was full when they came; and what was kept before stays readable. */
static void test_a_full_disk_loses_no_order(void **state) {
    const struct prefix bad = network("192.0.2.0/24"), worse = network("198.51.100.0/24"),
                        worst = network("203.0.113.0/24");
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(orders_keeper_ban(&a, &bad, NEVER, &why));
    const rlim_t places[] = {60, (4 << 20) + 60};
    const uint64_t written = a.file.number;
    for (size_t i = 0; i < 2; i++) {
        limit_files(places[(written + 1 + i) % 2]);
        assert_true(orders_keeper_ban(&a, i == 0 ? &worse : &worst, NEVER, &why));
        limit_files(RLIM_INFINITY);
        assert_true(a.unkept || i > 0); /* the disk was full, indeed */
    }
    close_keeper(&a, access_a);
    open_keeper(&a, 1, &keys, &access_a);
    assert_int_equal(ask(access_a, "192.0.2.1"), ACCESS_BANNED);
    limit_files(60);
    assert_true(orders_keeper_ban(&a, &worse, NEVER, &why));
    limit_files(RLIM_INFINITY);
    assert_true(a.unkept);
    settle(&a, 2000);
    assert_false(a.unkept);
    close_keeper(&a, access_a);
    open_keeper(&a, 1, &keys, &access_a);
    assert_int_equal(ask(access_a, "198.51.100.1"), ACCESS_BANNED);
}

/* A network of our own for each number. */
static void ban_number(struct orders_keeper *keeper, unsigned number) {
    char text[32];
    snprintf(text, sizeof text, "10.%u.%u.0/24", number / 256, number % 256);
    const struct prefix prefix = network(text);
    if (!orders_keeper_ban(keeper, &prefix, NEVER, &why)) fail_msg("%s", why.text);
}

/* A script that bans all day, each time before what was said last is through: it is heard all the same. */
static void test_bans_that_never_cease_are_heard(void **state) {
    const unsigned first = 3 * ORDERS_A_PART, rounds = 24;
    struct orders_figures figures;
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    (void)state;
    for (unsigned i = 0; i < first; i++) ban_number(&a, i);
    for (unsigned i = 0; i < rounds; i++) {
        const size_t size = orders_keeper_next(&a, clock_monotonic_ms(), clock_wall_ms(), bytes);
        assert_true(size > 0);
        orders_keeper_hear(&b, 1, bytes, size);
        ban_number(&a, first + i);
    }
    orders_keeper_look(&b, &figures);
    assert_in_range(figures.taken, rounds / 5, rounds / 3);
    assert_in_range(figures.others, first + rounds - 6, first + rounds);
    (void)carry(&a, 1, &b, 0);
    (void)carry(&a, 1, &b, ORDERS_AGAIN_MS);
    orders_keeper_look(&b, &figures);
    assert_int_equal(figures.others, first + rounds);
}

/* The work is done once, however many editions come in a turn: the file, which is written each time, tells. */
static void test_what_is_heard_is_settled_once(void **state) {
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    struct orders_figures figures;
    (void)state;
    const uint64_t number = b.file.number;
    for (unsigned i = 0; i < 20; i++) {
        ban_number(&a, i);
        const size_t size = orders_keeper_next(&a, clock_monotonic_ms(), clock_wall_ms(), bytes);
        orders_keeper_hear(&b, 1, bytes, size);
    }
    assert_int_equal(ask(access_b, "10.0.19.1"), ACCESS_OPEN);
    settle(&b, 0);
    assert_int_equal(ask(access_b, "10.0.19.1"), ACCESS_BANNED);
    settle(&b, 0);
    orders_keeper_look(&b, &figures);
    assert_int_equal(figures.taken, 20);
    assert_int_equal(b.file.number, number + 1);
}

static void test_strangers_are_refused(void **state) {
    const struct prefix bad = network("192.0.2.0/24");
    struct orders_figures figures;
    uint8_t bytes[ORDERS_MESSAGE_MAX];
    (void)state;
    assert_true(orders_keeper_ban(&a, &bad, NEVER, &why));
    const size_t size = orders_keeper_next(&a, clock_monotonic_ms(), clock_wall_ms(), bytes);
    log_set_level(LOG_LEVEL_ERROR);
    orders_keeper_hear(&b, 3, bytes, size); /* as if it were node 3's */
    orders_keeper_hear(&a, 1, bytes, size); /* our own, by somebody else */
    orders_keeper_hear(&b, 1, bytes, size - 1);
    bytes[size - 1] ^= 1;
    orders_keeper_hear(&b, 1, bytes, size);
    orders_keeper_look(&b, &figures);
    assert_int_equal(figures.refused[ORDERS_REFUSED_SUBJECT], 1);
    assert_int_equal(figures.refused[ORDERS_REFUSED_MALFORMED], 1);
    assert_int_equal(figures.refused[ORDERS_REFUSED_FORGED], 1);
    orders_keeper_look(&a, &figures);
    assert_int_equal(figures.refused[ORDERS_REFUSED_SUBJECT], 1);
    assert_true(access_is_open(access_b));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_one_orders_holds_at_the_other),
        TEST(test_what_would_do_nothing_is_refused),
        TEST(test_orders_outlast_a_restart),
        TEST(test_a_torn_file_has_the_edition_before),
        TEST(test_a_full_disk_loses_no_order),
        TEST(test_bans_that_never_cease_are_heard),
        TEST(test_a_clock_that_is_not_set_lengthens_no_ban),
        TEST(test_bans_that_never_cease_are_heard),
        TEST(test_what_is_heard_is_settled_once),
        TEST(test_strangers_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (sodium_init() < 0) return EXIT_FAILURE;
    return cmocka_run_group_tests_name("orders_keeper", tests, NULL, NULL);
}
