#include "client/curses/curses_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "client/look/keys.h"
#include "common/memory.h"

static void search_show(struct curses *curses) {
    snprintf(curses->prompt, sizeof curses->prompt,
             "(%ssearch) %s: ", curses->search.size > 0 && !curses->search.any ? "nothing found, " : "",
             curses->search.words);
}

static void search_from(struct curses *curses, size_t from) {
    size_t found;
    const char *line =
        curses->search.size > 0 ? entered_search(&curses->entered, curses->search.words, from, &found) : NULL;
    if (line) {
        curses->search.any = true;
        curses->search.found = found;
        editor_set(&curses->editor, line, strlen(line), strlen(line));
    } else if (from == curses->entered.count) {
        curses->search.any = false;
    }
    search_show(curses);
}

void curses_search_begin(struct curses *curses) {
    curses->mode = MODE_SEARCH;
    curses->search = (struct search){.found = curses->entered.count,
                                     .typed = copy_start(curses->editor.text, curses->editor.size),
                                     .cursor = curses->editor.cursor};
    search_show(curses);
}

static void search_type(struct curses *curses, uint32_t key) {
    struct search *search = &curses->search;
    if (search->size + 4 < sizeof search->words) {
        utf8proc_ssize_t size =
            utf8proc_encode_char((utf8proc_int32_t)key, (utf8proc_uint8_t *)search->words + search->size);
        search->size += size > 0 ? (size_t)size : 0;
        search->words[search->size] = '\0';
    }
    search_from(curses, curses->entered.count);
}

static void search_erase(struct curses *curses) {
    struct search *search = &curses->search;
    while (search->size > 0 && ((unsigned char)search->words[--search->size] & 0xc0) == 0x80) continue;
    search->words[search->size] = '\0';
    search_from(curses, curses->entered.count);
}

bool curses_search_key(struct curses *curses, uint32_t key) {
    int action = key == KEYS_CANCEL ? ACTION_INTERRUPT : keys_action(&curses->ui->settings->keys, key);
    switch (action) {
    case ACTION_INSERT: search_type(curses, key); return true;
    case EDIT_DELETE_BACKWARD: search_erase(curses); return true;
    case ACTION_HISTORY_SEARCH:
        if (curses->search.any && curses->search.found > 0) search_from(curses, curses->search.found - 1);
        return true;
    case ACTION_INTERRUPT: curses_cancel_search(curses); return true;
    case ACTION_ENTER: curses_end_search(curses); return true;
    default: curses_end_search(curses); return false;
    }
}
