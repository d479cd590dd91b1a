#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/path_log.h"

static void the_last_notes_are_kept_in_order(void **state) {
    static struct path_log log;
    struct path path = path_through_bootnode(2);
    (void)state;
    assert_null(path_log_at(&log, 0));
    path_log_add(&log, NOTE_RELAY, &path, 0, 7);
    assert_int_equal(path_log_at(&log, 0)->at, 7);
    assert_int_equal(path_log_at(&log, 0)->path.bootnode, 2);
    assert_null(path_log_at(&log, 1));
    for (uint32_t i = 1; i <= PATH_NOTES + 5; i++) path_log_add(&log, NOTE_ROUND, NULL, i, 100 + i);
    for (uint32_t i = 0; i < PATH_NOTES; i++) assert_int_equal(path_log_at(&log, i)->value, 6 + i);
    assert_null(path_log_at(&log, PATH_NOTES));
}

static void paths_are_what_all_their_parts_are(void **state) {
    struct address address = {.ip = {[15] = 1}, .port = 5}, other = {.ip = {[15] = 1}, .port = 6};
    uint8_t member[MEMBER_ID_SIZE] = {1}, stranger[MEMBER_ID_SIZE] = {2};
    struct path direct = path_direct(&address), elsewhere = path_direct(&other), socket = direct;
    struct path through = path_through_member(member), bootnode = path_through_bootnode(0);
    struct path stranger_path = path_through_member(stranger), second = path_through_bootnode(1);
    (void)state;
    socket.socket = 3;
    assert_true(path_holds(&direct) && path_holds(&socket) && path_holds(&through) && path_holds(&bootnode));
    stranger_path.bootnode = 1;
    assert_false(path_holds(&stranger_path));
    stranger_path.bootnode = 0;
    assert_true(path_equal(&direct, &direct) && path_equal(&through, &through));
    assert_false(path_equal(&direct, &elsewhere) || path_equal(&direct, &socket));
    assert_false(path_equal(&through, &stranger_path) || path_equal(&bootnode, &second));
    assert_false(path_equal(&direct, &through) || path_equal(&through, &bootnode));
    assert_true(path_kind_better(&direct, &through) && path_kind_better(&through, &bootnode));
    assert_false(path_kind_better(&bootnode, &second) || path_kind_better(&bootnode, &direct));
}

static void a_path_is_tried_ten_times(void **state) {
    static const uint64_t due[PATH_TRIES] = {50, 150, 350, 750, 1250, 1750, 2250, 2750, 3250, 3750};
    struct path path = path_through_bootnode(0);
    struct path_try try;
    (void)state;
    path_try_start(&try, &path, 50);
    for (size_t i = 0; i < PATH_TRIES; i++) {
        assert_int_equal(try.due, due[i]);
        path_try_sent(&try, due[i]);
    }
    assert_true(try.due == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_notes_are_kept_in_order),
        cmocka_unit_test(paths_are_what_all_their_parts_are),
        cmocka_unit_test(a_path_is_tried_ten_times),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
