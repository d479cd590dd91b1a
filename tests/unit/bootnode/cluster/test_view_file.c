#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bootnode/cluster/view_file.h"

static char folder[64], path[128];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gochat-view-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/view", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void fill(struct view_record *record, size_t count) {
    memset(record, 0, sizeof *record);
    record->wall_ms = 1795996800000;
    record->own_id = 3;
    record->count = count;
    for (size_t i = 0; i < count; i++)
        record->nodes[i] =
            (struct cluster_node){.id = (uint8_t)i,
                                  .weight = (uint16_t)(1 + i),
                                  .address_count = (uint8_t)(1 + i % 2),
                                  .addresses = {{.ip = {[10] = 0xff, [11] = 0xff, 8, 8, 8, (uint8_t)i}, .port = 9595}}};
    for (size_t i = 1; i < count; i += 2)
        record->nodes[i].addresses[1] = (struct address){.ip = {0x20, 0x01, 4, [15] = (uint8_t)i}, .port = 9595};
}

static void is_same(const struct view_record *a, const struct view_record *b) {
    assert_int_equal(a->wall_ms, b->wall_ms);
    assert_int_equal(a->own_id, b->own_id);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->nodes[i].id, b->nodes[i].id);
        assert_int_equal(a->nodes[i].weight, b->nodes[i].weight);
        assert_int_equal(a->nodes[i].address_count, b->nodes[i].address_count);
        assert_memory_equal(a->nodes[i].addresses, b->nodes[i].addresses, sizeof a->nodes[i].addresses);
    }
}

/* --- Bytes --- */

static void a_record_is_the_same_again(void **state) {
    static struct view_record record, again;
    static uint8_t bytes[VIEW_RECORD_SIZE_MAX];
    (void)state;
    for (size_t count = 0; count <= CLUSTER_NODES_MAX; count += 64) {
        fill(&record, count);
        const size_t size = view_record_encode(&record, "town", bytes, sizeof bytes);
        assert_true(size > 0 && view_record_decode(bytes, size, "town", &again));
        is_same(&record, &again);
        assert_false(view_record_decode(bytes, size, "village", &again));
    }
}

static void half_a_record_is_none(void **state) {
    static struct view_record record, again;
    static uint8_t bytes[VIEW_RECORD_SIZE_MAX];
    (void)state;
    fill(&record, 3);
    const size_t size = view_record_encode(&record, "town", bytes, sizeof bytes);
    for (size_t part = 0; part < size; part++) assert_false(view_record_decode(bytes, part, "town", &again));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(view_record_decode(bytes, size, "town", &again));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* As in a beacon. */
static void two_addresses_are_of_two_families(void **state) {
    static struct view_record record, again;
    static uint8_t bytes[VIEW_RECORD_SIZE_MAX];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fill(&record, 3);
        record.nodes[1].addresses[i] = record.nodes[1].addresses[1 - i];
        const size_t size = view_record_encode(&record, "town", bytes, sizeof bytes);
        assert_false(view_record_decode(bytes, size, "town", &again));
    }
}

/* --- The file --- */

static void the_last_one_is_read(void **state) {
    static struct view_record record, again;
    struct view_file file;
    struct why why;
    (void)state;
    assert_true(view_file_open(&file, path, &why));
    assert_true(view_file_is_empty(&file) && !view_file_read(&file, "town", &again));
    for (size_t count = 1; count < 6; count++) {
        fill(&record, count);
        assert_true(view_file_write(&file, "town", &record));
        view_file_close(&file);
        assert_true(view_file_open(&file, path, &why) && view_file_read(&file, "town", &again));
        is_same(&record, &again);
    }
    assert_true(!view_file_is_empty(&file) && !view_file_read(&file, "village", &again));
    struct stat status;
    assert_true(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    view_file_close(&file);
}

/* Who is killed while it writes leaves the one before. */
static void what_is_broken_is_not_believed(void **state) {
    static struct view_record first, second, again;
    struct view_file file;
    struct why why;
    (void)state;
    assert_true(view_file_open(&file, path, &why));
    (void)!view_file_read(&file, "town", &again);
    fill(&first, 2);
    fill(&second, 4);
    assert_true(view_file_write(&file, "town", &first) && view_file_write(&file, "town", &second));
    assert_int_equal(pwrite(file.descriptor, "?", 1, (off_t)(second.number % 2) * 8192 + 40), 1);
    assert_true(view_file_read(&file, "town", &again));
    is_same(&first, &again);
    view_file_close(&file);
}

/* A limit on file sizes stands for a disk that is full, and then fuller. */
static bool write_below(size_t bytes, struct view_file *file, struct view_record *record) {
    struct rlimit limit, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = bytes, .rlim_max = limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    const bool written = view_file_write(file, "town", record);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    return written;
}

static void a_full_disk_leaves_the_one_before(void **state) {
    static struct view_record record, again;
    struct view_file file;
    struct why why;
    (void)state;
    assert_true(view_file_open(&file, path, &why));
    fill(&record, 2);
    assert_true(view_file_write(&file, "town", &record) && view_file_write(&file, "town", &record));
    fill(&record, 4);
    assert_false(write_below(8192 + 40, &file, &record));
    assert_false(write_below(40, &file, &record));
    assert_true(view_file_read(&file, "town", &again));
    assert_int_equal(again.count, 2);
    assert_true(view_file_write(&file, "town", &record) && view_file_read(&file, "town", &again));
    is_same(&record, &again);
    view_file_close(&file);
}

static void it_is_a_file_of_its_own(void **state) {
    struct view_file file;
    struct why why;
    (void)state;
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_false(view_file_open(&file, path, &why));
    view_file_close(&file);
    assert_false(view_file_open(&file, folder, &why));
    view_file_close(&file);
    assert_non_null(strstr(why.text, folder));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_the_same_again),
        cmocka_unit_test(half_a_record_is_none),
        cmocka_unit_test(two_addresses_are_of_two_families),
        cmocka_unit_test_setup_teardown(the_last_one_is_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_broken_is_not_believed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_one_before, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(it_is_a_file_of_its_own, make_folder, remove_folder),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
