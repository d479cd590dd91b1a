#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/key_parser.h"
#include "client/look/keys.h"

#define KEYS_SEEN_MAX 4096
#define NEVER_MS 40000 /* longer than any patience */

static struct key_parser parser;
static uint64_t now_ms;
static uint32_t seen[KEYS_SEEN_MAX];
static size_t seen_count;

static void fresh(void) {
    key_parser_init(&parser, NULL, 0);
    now_ms = 1000;
    seen_count = 0;
}

static void take_keys(void) {
    for (uint32_t key; (key = key_parser_next(&parser)) != KEYS_NONE;) {
        assert_true(seen_count < KEYS_SEEN_MAX);
        seen[seen_count++] = key;
    }
}

static void feed(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        key_parser_feed(&parser, (unsigned char)bytes[i], now_ms);
        take_keys();
    }
}

#define FEED(literal) feed((literal), sizeof(literal) - 1)

/* As the loop does it: whenever there is something to do. */
static void pass(uint64_t ms) {
    uint64_t end = now_ms + ms;
    for (int wait; (wait = key_parser_wait(&parser, now_ms)) >= 0 && now_ms + (uint64_t)wait <= end;) {
        now_ms += (uint64_t)wait;
        key_parser_idle(&parser, now_ms);
        take_keys();
    }
    now_ms = end;
    key_parser_idle(&parser, now_ms);
    take_keys();
}

static void expect(const uint32_t *keys, size_t count, const char *what) {
    bool same = seen_count == count && memcmp(seen, keys, count * sizeof *keys) == 0;
    if (!same) {
        char name[32];
        print_error("%s:", what);
        for (size_t i = 0; i < seen_count; i++) print_error(" %s", keys_name(seen[i], name));
        print_error(", expected");
        for (size_t i = 0; i < count; i++) print_error(" %s", keys_name(keys[i], name));
        print_error("\n");
    }
    assert_true(same);
    seen_count = 0;
}

#define EXPECT(what, ...)                                                                                              \
    expect((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), what)
#define EXPECT_NOTHING(what) expect((const uint32_t[]){0}, 0, what)

/* What follows is text again, at once. */
static void expect_text_works(const char *what) {
    FEED("z");
    EXPECT(what, 'z');
}

static const struct {
    const char *bytes;
    uint32_t key; /* KEYS_NONE: a report */
} whole[] = {
    {"\033[A", KEYS_UP},
    {"\033OB", KEYS_DOWN},
    {"\033[3~", KEYS_DELETE},
    {"\033[I", KEYS_FOCUS_IN},
    {"\033[[A", KEYS_F1},
    {"\033[1;3C", KEYS_ALT | KEYS_RIGHT},
    {"\033[1;5D", KEYS_CTRL_LEFT},
    {"\033[1;2H", KEYS_HOME},
    {"\033[5;2~", KEYS_PAGE_UP},
    {"\302\233A", KEYS_UP}, /* U+009B is CSI */
    {"\302\217A", KEYS_UP}, /* U+008F is SS3 */
    {"\033Op", '0'},        /* a keypad in application mode */
    {"\033OM", '\r'},
    /* Kitty's protocol, and modifyOtherKeys. */
    {"\033[97u", 'a'},
    {"\033[97;2u", 'A'},
    {"\033[97;5u", 1},
    {"\033[97;3u", KEYS_ALT | 'a'},
    {"\033[97;65u", 'A'},
    {"\033[97;129u", 'a'},
    {"\033[97:65;2u", 'A'},
    {"\033[49:33;2u", '!'},
    {"\033[97;1:3u", KEYS_NONE},
    {"\033[97;9u", KEYS_NONE},
    {"\033[13u", '\r'},
    {"\033[13;2u", KEYS_ALT | '\r'},
    {"\033[9;2u", KEYS_BACK_TAB},
    {"\033[127;3u", KEYS_ALT | KEYS_BACKSPACE},
    {"\033[27u", KEYS_NONE},
    {"\033[57441;1u", KEYS_NONE},
    {"\033[57400u", '1'},
    {"\033[57419u", KEYS_UP},
    {"\033[228u", 0xe4},
    {"\033[1114112u", KEYS_NONE},
    {"\033[99999999999999999999u", KEYS_NONE},
    {"\033[55296u", KEYS_NONE},
    {"\033[1;1:3A", KEYS_NONE},
    {"\033[1;129A", KEYS_UP},
    {"\033[27;5;98~", 2},
    {"\033[27;2;13~", KEYS_ALT | '\r'},
    {"\033[27;6;9~", KEYS_NONE},
    {"\033[91;5u", KEYS_NONE}, /* Ctrl-[ is Escape */
    {"\033[91;7u", KEYS_NONE},
    {"\033[27;5;91~", KEYS_NONE},
    {"\033[93;5u", 0x1d},
    /* The mouse: X10, SGR, urxvt. */
    {"\033[M !!", KEYS_NONE},
    {"\033[M`!!", KEYS_WHEEL_UP},
    {"\033[Ma\377\377", KEYS_WHEEL_DOWN},
    {"\033[M \177\177", KEYS_NONE},
    {"\033[<64;10;12M", KEYS_WHEEL_UP},
    {"\033[<65;10;12M", KEYS_WHEEL_DOWN},
    {"\033[<80;10;12M", KEYS_WHEEL_UP}, /* with Ctrl */
    {"\033[<65;10;12m", KEYS_NONE},
    {"\033[<0;1;1M", KEYS_NONE},
    {"\033[<35;1;1M", KEYS_NONE},
    {"\033[96;10;12M", KEYS_WHEEL_UP},
    /* Reports. */
    {"\033]11;rgb:1e1e/1e1e/1e1e\033\\", KEYS_NONE},
    {"\033]10;rgb:ff/ff/ff\007", KEYS_NONE},
    {"\033]11;rgb:00/00/00\302\234", KEYS_NONE},
    {"\302\23511;rgb:00/00/00\007", KEYS_NONE},
    {"\033]lt\303\251tle\033\\", KEYS_NONE},
    {"\033P>|XTerm(350)\033\\", KEYS_NONE},
    {"\033P1$r0 q\033\\", KEYS_NONE},
    {"\033P1+r544e=\007x\033\\", KEYS_NONE}, /* BEL ends no DCS */
    {"\033_Gi=1;OK\033\\", KEYS_NONE},
    {"\033^private\033\\", KEYS_NONE},
    {"\033Xstring\033\\", KEYS_NONE},
    {"\033[12;40R", KEYS_NONE},
    {"\033[?62;22c", KEYS_NONE},
    {"\033[>41;350;0c", KEYS_NONE},
    {"\033[?1;2c", KEYS_NONE},
    {"\033[?2026;2$y", KEYS_NONE},
    {"\033[4;2$y", KEYS_NONE},
    {"\033[8;24;80t", KEYS_NONE},
    {"\033[?997;1n", KEYS_NONE},
    {"\033[0n", KEYS_NONE},
    {"\033[>1u", KEYS_NONE},
    /* Keys that we have no use for. */
    {"\033[3;5~", KEYS_NONE},
    {"\033[99;99;99z", KEYS_NONE},
    {"\033OX", KEYS_NONE},
    {"\033[5$", KEYS_NONE}, /* urxvt's Shift-PgUp */
    {"\033[24~", KEYS_NONE},
    {"\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28A", KEYS_NONE},
};
#define WHOLE (sizeof whole / sizeof *whole)

static void expect_one(uint32_t key, const char *what) {
    if (key == KEYS_NONE)
        EXPECT_NOTHING(what);
    else
        EXPECT(what, key);
}

/* In two pieces at every place, and byte by byte; at once, and as far apart as patience reaches. */
static void expect_in_pieces(const char *bytes, uint32_t key) {
    static const uint64_t gaps_ms[] = {0, 50, 90, 1000};
    size_t size = strlen(bytes);
    for (size_t g = 0; g < sizeof gaps_ms / sizeof *gaps_ms; g++) {
        bool others = bytes[1] == 'O' && !strchr("ABCDFHPQRSabcd", bytes[2]);
        if ((others || strchr("X^_", bytes[1])) && gaps_ms[g] > 90) continue; /* else they were typed */
        for (size_t cut = 1; cut <= size; cut++) {
            fresh();
            feed(bytes, cut);
            pass(gaps_ms[g]);
            feed(bytes + cut, size - cut);
            expect_one(key, bytes + 1);
            expect_text_works(bytes + 1);
        }
        fresh();
        for (size_t at = 0; at < size; at++) {
            feed(bytes + at, 1);
            if (at + 1 < size) pass(gaps_ms[g]);
        }
        expect_one(key, bytes + 1);
        expect_text_works(bytes + 1);
    }
}

static void a_sequence_may_come_in_pieces(void **state) {
    (void)state;
    for (size_t i = 0; i < WHOLE; i++) expect_in_pieces(whole[i].bytes, whole[i].key);
}

static void so_may_the_keys_of_the_table(void **state) {
    size_t count;
    const struct key_sequence *sequences = key_sequences(&count);
    (void)state;
    for (size_t i = 0; i < count; i++)
        if (sequences[i].key != KEYS_PASTE_BEGIN && sequences[i].key != KEYS_PASTE_END)
            expect_in_pieces(sequences[i].bytes, sequences[i].key);
}

static void and_those_of_the_terminal_itself(void **state) {
    static const struct key_sequence own[] = {{"\033A", KEYS_UP}, {"\033[99~", KEYS_F1}, {"\033[M", KEYS_F1}};
    (void)state;
    fresh();
    key_parser_init(&parser, own, 3);
    FEED("\033A\033[99~\033[Mx\033b");
    EXPECT("own keys", KEYS_UP, KEYS_F1, KEYS_F1, 'x', KEYS_ALT | 'b');
}

static void what_is_cut_off_ends_in_time(void **state) {
    (void)state;
    for (size_t i = 0; i < WHOLE; i++)
        for (size_t cut = 1; cut < strlen(whole[i].bytes); cut++) {
            fresh();
            feed(whole[i].bytes, cut);
            pass(NEVER_MS);
            for (size_t k = 0; k < seen_count; k++) assert_true(seen[k] >= KEYS_ALT);
            seen_count = 0;
            expect_text_works(whole[i].bytes + 1);
            assert_int_equal(key_parser_wait(&parser, now_ms), -1);
        }
}

static void an_escape_alone_is_no_key(void **state) {
    (void)state;
    fresh();
    FEED("\033");
    pass(100);
    FEED("x");
    EXPECT("a moment later", 'x');
    FEED("\033");
    pass(NEVER_MS);
    FEED("[x");
    EXPECT("long after", '[', 'x');
    FEED("\033\033\033");
    pass(200);
    FEED("x");
    EXPECT("three of them", 'x');
}

static void expect_no_escape(const char *bytes) {
    feed(bytes, strlen(bytes));
    for (size_t i = 0; i < seen_count; i++) {
        uint32_t plain = seen[i] & ~(uint32_t)KEYS_ALT;
        if (plain == 0x1b) print_error("%s\n", bytes + 1);
        assert_int_not_equal(plain, 0x1b);
    }
    seen_count = 0;
}

/* Terminals with Kitty's protocol or modifyOtherKeys send each key with each modifier as a number. */
static void no_sequence_is_one_either(void **state) {
    char bytes[32];
    (void)state;
    fresh();
    for (unsigned code = 0; code < 256; code++)
        for (unsigned modifiers = 1; modifiers <= 256; modifiers++) {
            snprintf(bytes, sizeof bytes, "\033[%u;%uu", code, modifiers);
            expect_no_escape(bytes);
            snprintf(bytes, sizeof bytes, "\033[27;%u;%u~", modifiers, code);
            expect_no_escape(bytes);
        }
}

static void what_is_typed_after_an_escape_is_text(void **state) {
    static const char *const typed[] = {"Oh, P", "OK", "Please", "]", "O\r", "_x", "Xy", "O", "P"};
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        uint32_t keys[16];
        fresh();
        FEED("\033");
        pass(400);
        for (const char *at = typed[i]; *at; at++) {
            feed(at, 1);
            pass(100);
            keys[at - typed[i]] = (unsigned char)*at;
        }
        pass(2500);
        expect(keys, strlen(typed[i]), typed[i]);
    }
}

static void alt_is_an_escape_before(void **state) {
    (void)state;
    fresh();
    FEED("\033x\033\r\033\177\033\303\251\033\033[A");
    EXPECT("Alt", KEYS_ALT | 'x', KEYS_ALT | '\r', KEYS_ALT | KEYS_BACKSPACE, KEYS_ALT | 0xe9, KEYS_ALT | KEYS_UP);
    FEED("\033\033[I");
    EXPECT("a report is no key with Alt", KEYS_FOCUS_IN);
    FEED("\033_");
    pass(100);
    EXPECT("Alt-_", KEYS_ALT | '_');
    FEED("\033_\033_x");
    pass(3000);
    EXPECT("the second one is a string by mistake, which ends", KEYS_ALT | '_');
    FEED("\033\303");
    pass(1000);
    FEED("\251");
    EXPECT("Alt and a character in pieces", KEYS_ALT | 0xe9);
}

/* ECMA-48; the parser of the VT500. */
static void control_characters_act_within_sequences(void **state) {
    (void)state;
    fresh();
    FEED("\033[1\r;5D");
    EXPECT("Enter within CSI", '\r', KEYS_CTRL_LEFT);
    FEED("\033[1\030x\033O\032y\033]0;\030z");
    EXPECT("CAN and SUB", 'x', 'y', 'z');
    FEED("\033[1;\033[B\033]0;\033[A\033[M!\033[C");
    EXPECT("ESC begins anew", KEYS_DOWN, KEYS_UP, KEYS_RIGHT);
    FEED("\033[1\177;5D");
    EXPECT("DEL is nothing", KEYS_CTRL_LEFT);
    FEED("\033[1\303\251");
    EXPECT("no byte of a CSI", 0xe9);
}

static void a_string_without_an_end_ends_in_time(void **state) {
    (void)state;
    fresh();
    FEED("\033]0;");
    for (int i = 0; i < 29; i++) {
        FEED("typed");
        pass(1000);
        EXPECT_NOTHING("may still be the string");
    }
    FEED("typed");
    pass(1000);
    expect_text_works("somebody types into it");
    FEED("\033P1");
    pass(2000);
    expect_text_works("nothing more comes");
}

static void characters_may_come_in_pieces(void **state) {
    (void)state;
    fresh();
    FEED("\360");
    pass(NEVER_MS);
    FEED("\237\230");
    EXPECT_NOTHING("not whole");
    FEED("\200x");
    EXPECT("whole", 0x1f600, 'x');
    FEED("\377\200a\303(\355\240\200b\302\205c");
    EXPECT("what is no text is left out", 'a', '(', 'b', 'c');
}

/* --- Pastes --- */

static void expect_pasted(const char *between, const char *pasted) {
    uint32_t keys[64] = {KEYS_PASTE_BEGIN};
    size_t count = 1;
    char bytes[128];
    for (const char *at = pasted; *at; at++) keys[count++] = (unsigned char)*at;
    keys[count++] = KEYS_PASTE_END;
    size_t size = (size_t)snprintf(bytes, sizeof bytes, "\033[200~%s\033[201~", between);
    for (size_t cut = 1; cut <= size; cut++) {
        fresh();
        feed(bytes, cut);
        pass(400);
        feed(bytes + cut, size - cut);
        expect(keys, count, between);
        expect_text_works(between);
    }
    fresh();
    for (size_t at = 0; at < size; at++) {
        feed(bytes + at, 1);
        pass(400);
    }
    expect(keys, count, between);
}

static void a_paste_ends_with_its_mark_alone(void **state) {
    (void)state;
    expect_pasted("text", "text");
    expect_pasted("a\rb\tc", "a\rb\tc");
    expect_pasted("ends in\033", "ends in");
    expect_pasted("ends in\033[20", "ends in[20");
    expect_pasted("\033[201", "[201");
    expect_pasted("\033[31mred\033]0;x\007", "[31mred]0;x\007");
    expect_pasted("\033[200~\033[A\033OB", "[200~[AOB");
    expect_pasted("\033\033\033", "");
    expect_pasted("", "");
}

static void a_paste_without_an_end_frees_the_keyboard(void **state) {
    (void)state;
    fresh();
    FEED("\033[200~abc");
    seen_count = 0;
    pass(900);
    EXPECT_NOTHING("it may still come");
    pass(100);
    EXPECT("given up", KEYS_PASTE_END);
    FEED("d");
    pass(100);
    FEED("\033[A");
    pass(100);
    FEED("\r");
    pass(100);
    EXPECT("a hand", 'd', KEYS_UP, '\r');
    FEED("e\r");
    EXPECT("nothing is in doubt any more", 'e', '\r');
}

/* From a link that stood still. */
static void the_rest_of_such_a_paste_is_not_run(void **state) {
    (void)state;
    fresh();
    FEED("\033[200~one\r");
    pass(3000);
    seen_count = 0;
    FEED("\rtwo\r/quit\r");
    EXPECT("a burst", KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END, 't', 'w', 'o', KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END,
           '/', 'q', 'u', 'i', 't', KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END);
    FEED("\033[201~\r");
    EXPECT("its end", '\r');
    FEED("\033[200~one");
    pass(3000);
    seen_count = 0;
    FEED("\033[13u\033OM\302\23313u");
    EXPECT("Enter as a sequence", KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END, KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END,
           KEYS_PASTE_BEGIN, '\r', KEYS_PASTE_END);
    pass(100);
    FEED("\033OM");
    EXPECT_NOTHING("of a hand, where nothing follows");
    pass(100);
    EXPECT("nothing did", '\r');
    FEED("\033[200~one");
    pass(3000);
    seen_count = 0;
    FEED("\033[91;5ux");
    EXPECT("Escape as a sequence is left out", 'x');
    FEED("\033[201~");
    FEED("\033[200~x\033[20");
    pass(1500);
    FEED("1~y\r");
    EXPECT("half of its end was there", KEYS_PASTE_BEGIN, 'x', KEYS_PASTE_END, 'y', '\r');
}

static void a_busy_reader_does_not_cut_sequences(void **state) {
    (void)state;
    fresh();
    FEED("\033");
    now_ms += NEVER_MS; /* without having found nothing to read */
    FEED("[");
    now_ms += NEVER_MS;
    FEED("A");
    EXPECT("Up", KEYS_UP);
}

static void a_drag_is_told(void **state) {
    (void)state;
    fresh();
    FEED("\033[<0;5;5M\033[<0;5;5m");
    EXPECT_NOTHING("a click");
    FEED("\033[<0;5;5M\033[<0;9;5m");
    EXPECT("a drag", KEYS_MOUSE_DRAG);
    FEED("\033[M !!\033[M#%!");
    EXPECT("in X10's encoding", KEYS_MOUSE_DRAG);
}

/* --- Anything --- */

static uint32_t random_below(uint64_t *state, uint32_t limit) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}

/* Reports, keys and text in any order, in any pieces: the text comes out, and nothing else does. */
static void only_text_is_text(void **state) {
    uint64_t seed = 9;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint32_t typed[64];
        size_t typed_count = 0, shown = 0;
        fresh();
        for (int piece = 0; piece < 40; piece++) {
            if (random_below(&seed, 2)) {
                char letter = (char)('a' + random_below(&seed, 26));
                feed(&letter, 1);
                typed[typed_count++] = (unsigned char)letter;
                continue;
            }
            size_t which = random_below(&seed, WHOLE);
            if (whole[which].key < KEYS_FIRST) continue; /* a key that is text */
            for (const char *at = whole[which].bytes; *at; at++) {
                if (at > whole[which].bytes && random_below(&seed, 4) == 0) pass(random_below(&seed, 90));
                feed(at, 1);
            }
        }
        for (size_t i = 0; i < seen_count; i++)
            if (seen[i] < KEYS_FIRST) seen[shown++] = seen[i];
        seen_count = shown;
        expect(typed, typed_count, "text among sequences");
    }
}

/* Bytes of any kind: no more keys than a byte may yield, and it is text again in the end. */
static void after_anything_keys_work(void **state) {
    static const char often[] = "\033\033\033\033[[O]P_\\~201;$MuA\007\030\302\233\234\r";
    uint64_t seed = 5;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        fresh();
        for (uint32_t i = random_below(&seed, 60); i > 0; i--) {
            char byte =
                random_below(&seed, 3) ? often[random_below(&seed, sizeof often - 1)] : (char)random_below(&seed, 256);
            feed(&byte, 1);
            if (random_below(&seed, 8) == 0) pass(random_below(&seed, 3000));
        }
        pass(NEVER_MS);
        pass(NEVER_MS);
        seen_count = 0;
        expect_text_works("text");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_may_come_in_pieces),
        cmocka_unit_test(so_may_the_keys_of_the_table),
        cmocka_unit_test(and_those_of_the_terminal_itself),
        cmocka_unit_test(what_is_cut_off_ends_in_time),
        cmocka_unit_test(an_escape_alone_is_no_key),
        cmocka_unit_test(no_sequence_is_one_either),
        cmocka_unit_test(what_is_typed_after_an_escape_is_text),
        cmocka_unit_test(alt_is_an_escape_before),
        cmocka_unit_test(control_characters_act_within_sequences),
        cmocka_unit_test(a_string_without_an_end_ends_in_time),
        cmocka_unit_test(characters_may_come_in_pieces),
        cmocka_unit_test(a_paste_ends_with_its_mark_alone),
        cmocka_unit_test(a_paste_without_an_end_frees_the_keyboard),
        cmocka_unit_test(the_rest_of_such_a_paste_is_not_run),
        cmocka_unit_test(a_busy_reader_does_not_cut_sequences),
        cmocka_unit_test(a_drag_is_told),
        cmocka_unit_test(only_text_is_text),
        cmocka_unit_test(after_anything_keys_work),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("key_parser", tests, NULL, NULL);
}
