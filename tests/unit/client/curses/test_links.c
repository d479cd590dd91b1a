#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/links.h"

/* All that are found, with blanks between. */
static void finds(const char *text, const char *wanted) {
    char found[512] = "";
    struct link link = {0, 0};
    size_t used = 0;
    while (links_next(text, strlen(text), link.end, &link)) {
        assert_true(link.start < link.end && link.end <= strlen(text));
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", used > 0 ? " " : "",
                                 (int)(link.end - link.start), text + link.start);
    }
    assert_string_equal(found, wanted);
}

static void finds_what_can_be_opened(void **state) {
    (void)state;
    finds("", "");
    finds("see http://a.example, https://b.example/x?y=1#z.", "http://a.example https://b.example/x?y=1#z");
    finds("gochat://h/room#AbC_-", "gochat://h/room#AbC_-");
    finds("HTTPS://A.EXAMPLE!", "HTTPS://A.EXAMPLE");
    finds("(https://en.example/wiki/C_(lang)) and [http://x.example]",
          "https://en.example/wiki/C_(lang) http://x.example");
    finds("<http://x.example>\"http://y.example\"", "http://x.example http://y.example");
    finds("xhttp://a.example éhttp://a.example", "");
    finds("http:// https://. ftp://a.example javascript:alert(1) file:///etc/passwd", "");
    finds("http://a.example/caf\xc3\xa9", ""); /* a part would lead elsewhere */
    finds("http://a.example/?http://b.example/\xc3\xa9 http://c.example", "http://c.example");
    finds("http://a.example/x\xe3\x80\x82", "http://a.example/x"); /* an ideographic full stop ends it */
}

static void nothing_else_gets_in(void **state) {
    (void)state;
    finds("http://a.example/\x1b]8;;evil", "http://a.example/");
    finds("http://a.example/\x07x", "http://a.example/");
    finds("http://a.example/\x7fx", "http://a.example/");
    finds("http://a.example/\nb", "http://a.example/");
    for (int byte = 1; byte < 256; byte++) {
        char text[] = "http://a.example/?.";
        struct link link;
        text[17] = (char)byte;
        if (!links_next(text, strlen(text), 0, &link)) continue;
        for (size_t i = link.start; i < link.end; i++) assert_in_range((unsigned char)text[i], 0x21, 0x7e);
    }
    char *longest = malloc(LINKS_URL_MAX + 2);
    struct link link;
    assert_non_null(longest);
    snprintf(longest, LINKS_URL_MAX + 2, "http://%0*d", LINKS_URL_MAX - 6, 0);
    assert_true(links_next(longest, LINKS_URL_MAX, 0, &link));
    assert_false(links_next(longest, LINKS_URL_MAX + 1, 0, &link));
    free(longest);
}

/* What is looked for in brackets and in what is refused is looked at once: quadratic, each of these takes minutes. */
static void a_long_text_is_no_burden(void **state) {
    (void)state;
    const size_t size = 1 << 20;
    char *text = malloc(size + 1);
    struct link link;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) text[i] = i < 8 ? "http://a"[i] : ')';
    assert_true(links_next(text, size, 0, &link));
    assert_int_equal(link.end, 8);
    for (size_t i = 0; i < size; i++) text[i] = "http://("[i % 8];
    assert_false(links_next(text, size, 0, &link));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_can_be_opened),
                                       cmocka_unit_test(nothing_else_gets_in),
                                       cmocka_unit_test(a_long_text_is_no_burden)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
