/* What stands around the lines: title, status, members, input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/screen.h"
#include "tests/support/scene.h"

/* --- Members, rooms, input --- */

static void expect_members_row(const struct scene *scene, unsigned row, const char *text) {
    char *shown = canvas_row_text(&scene->canvas, row), *list = strstr(shown, "│ ");
    assert_non_null(list);
    assert_string_equal(list + strlen("│ "), text);
    free(shown);
}

/* The whole name, before how far away it is. */
static void more_members_than_rows_are_counted(void **state) {
    struct scene *scene = *state;
    char nick[16];
    for (int i = 1; i <= 20; i++) {
        snprintf(nick, sizeof nick, "nick%02d", i);
        scene_connect(scene, i, nick, false, i == 1 ? 1500 : i == 2 ? 0.4 : i);
    }
    scene_stands(scene, 3, EVENT_PEER_STATUS, STANDING_BLOCKED);
    scene_size(scene, 10, 100);
    scene_draw(scene);
    expect_members_row(scene, 1, "21 members");
    expect_members_row(scene, 2, "  bob#00112233    you"); /* the 17th has the same four */
    expect_members_row(scene, 3, "✗ carol#0003  blocked");
    expect_members_row(scene, 4, "● nick01#0001   1.5 s");
    expect_members_row(scene, 5, "● nick02#0002  0.4 ms");
    expect_members_row(scene, 7, "  +16 more");
    scene_size(scene, 25, 140);
    scene_draw(scene);
    expect_members_row(scene, 3, "✗ carol#0003        blocked");
    expect_members_row(scene, 5, "● nick02#0002        0.4 ms");
    expect_members_row(scene, 22, "● nick20#0014         20 ms");
}

/* However narrow the list is. */
static void who_is_verified_has_a_mark(void **state) {
    struct scene *scene = *state;
    scene_connect(scene, 1, "aaron", false, 5);
    struct event *event = event_create(EVENT_PEER_STATUS, NULL, 0);
    event->room = "tea";
    memset(event->peer, 1, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "aaron");
    event->standing = STANDING_CONNECTED;
    event->verified = true;
    event->rtt_ms = 5;
    conversations_apply(&scene->conversations, event);
    scene_size(scene, 10, 100);
    scene_draw(scene);
    expect_members_row(scene, 3, "●✓aaron#0001     5 ms");
    event->verified = false;
    conversations_apply(&scene->conversations, event);
    event_destroy(event);
    scene_draw(scene);
    expect_members_row(scene, 3, "● aaron#0001     5 ms");
}

static void the_current_room_is_always_in_the_status(void **state) {
    static char names[15][32];
    struct scene *scene = *state;
    for (unsigned i = 0; i < 15 && scene->conversations.count < ENGINE_ROOMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "a-room-with-a-long-name-%u", i);
        scene_join(scene, names[i]);
    }
    for (unsigned columns = 34; columns < 200; columns += 13)
        for (size_t i = 0; i < scene->conversations.count; i++) {
            char wanted[24];
            scene->conversations.current = i;
            scene_size(scene, 6, columns);
            scene_draw(scene);
            snprintf(wanted, sizeof wanted, "[%zu:", i + 1);
            char *shown = canvas_row_text(&scene->canvas, 4);
            assert_non_null(strstr(shown, wanted));
            assert_non_null(strchr(shown, ']'));
            assert_non_null(strstr(shown, "12:03"));
            free(shown);
        }
}

static void what_waits_is_counted(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 3; i++)
        assert_true(outbox_put(&scene->window->outbox, input_create(INPUT_SAY, "tea", "hello", 5)));
    scene_size(scene, 6, 60);
    scene_draw(scene);
    scene_expect_row(scene, 4, " [1:tea]                                   waiting 3  12:03");
}

static void a_secret_room_has_a_lock(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 5, 40);
    scene->room->secret = true;
    scene_draw(scene);
    scene_expect_row(scene, 0, " [secret] tea · 1 member · searching");
    assert_int_equal(scene_cell(scene, 0, 2)->style.attributes & STYLE_BOLD, 0);
    scene->view.rich = true;
    scene_draw(scene);
    scene_expect_row(scene, 0, " 🔒 tea · 1 member · searching");
    scene->room->secret = false;
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · searching");
}

static void bootnodes_are_named(void **state) {
    struct scene *scene = *state;
    scene->room->bootnode_standing = BOOTNODE_REGISTERED;
    assert_true(address_parse("192.0.2.1:9595", 0, &scene->room->bootnode));
    scene_size(scene, 6, 60);
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · registered at 192.0.2.1:9595");
    scene->room->bootnode_standing = BOOTNODE_LOST;
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · bootnode lost: 192.0.2.1:9595");
    assert_int_equal(scene_style_of(scene, 0, '9').colour, COLOUR_BAD);
    scene_size(scene, 6, 40);
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · bootnode lost"); /* half an address would be another one */
    scene->room->bootnode_standing = BOOTNODE_REGISTERED;
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · registered");
    scene->room->bootnode_count = 2;
    scene->room->bootnodes[0].standing = BOOTNODE_LOST;
    scene->room->bootnodes[1].standing = BOOTNODE_REGISTERED;
    scene_size(scene, 6, 60);
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · registered at 1 of 2 bootnodes");
    scene_size(scene, 6, 40);
    scene->room->parting = true;
    scene_draw(scene);
    scene_expect_row(scene, 0, " tea · 1 member · leaving");
}

static void prompts_and_long_input_leave_the_cursor_in_sight(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 1, 30);
    scene->view.prompt = "send 12 lines? (y/n) ";
    scene_draw(scene);
    scene_expect_row(scene, 0, "send 12 lines? (y/n)");
    scene->view.prompt = NULL;
    for (int i = 0; i < 300; i++) {
        assert_true(editor_insert(&scene->editor, i % 3 ? "x" : "世", i % 3 ? 1 : 3));
        scene_draw(scene);
        unsigned column = scene->canvas.cursor_column;
        assert_in_range(column, 9, 29);
        assert_int_equal(scene_cell(scene, 0, column - 1)->glyph.base, i % 3 ? 'x' : 0);
        assert_int_equal(scene_cell(scene, 0, column)->glyph.base, ' ');
    }
    assert_true(editor_do(&scene->editor, EDIT_LINE_START));
    scene_draw(scene);
    assert_int_equal(scene->canvas.cursor_column, 9);
    scene_expect_row(scene, 0, "tea bob> 世xx世xx世xx世xx世xx");
}

#define test(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(more_members_than_rows_are_counted),
        test(who_is_verified_has_a_mark),
        test(the_current_room_is_always_in_the_status),
        test(what_waits_is_counted),
        test(a_secret_room_has_a_lock),
        test(bootnodes_are_named),
        test(prompts_and_long_input_leave_the_cursor_in_sight),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bars", tests, NULL, NULL);
}
