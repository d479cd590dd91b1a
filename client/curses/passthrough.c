#include "client/curses/passthrough.h"

#include <string.h>

#define ESCAPE 033

static bool is_set(const char *value) {
    return value && *value;
}

static bool begins(const char *text, const char *with) {
    return text && strncmp(text, with, strlen(with)) == 0;
}

enum passthrough passthrough_of(const char *term, const char *tmux, const char *sty) {
    if (begins(term, "tmux")) return PASSTHROUGH_TMUX;
    if (begins(term, "screen") && is_set(tmux) && !is_set(sty)) return PASSTHROUGH_TMUX;
    if (begins(term, "screen") || is_set(sty)) return PASSTHROUGH_SCREEN;
    return is_set(tmux) ? PASSTHROUGH_EITHER : PASSTHROUGH_NONE;
}

bool passthrough_is_sure(enum passthrough passthrough) {
    return passthrough == PASSTHROUGH_NONE;
}

static void put(char out[static PASSTHROUGH_MAX], size_t *size, const char *bytes, bool doubled) {
    for (; *bytes; bytes++)
        for (int times = doubled && *bytes == ESCAPE ? 2 : 1; times > 0; times--)
            if (*size < PASSTHROUGH_MAX - 1) out[(*size)++] = *bytes;
}

size_t passthrough_wrap(enum passthrough passthrough, const char *sequence, char out[static PASSTHROUGH_MAX]) {
    static const struct {
        const char *before, *after;
        bool plain, wrapped, doubled;
    } forms[] = {
        [PASSTHROUGH_NONE] = {"", "", true, false, false},
        [PASSTHROUGH_TMUX] = {"\033Ptmux;", "\033\\", false, true, true},
        [PASSTHROUGH_SCREEN] = {"\033P", "\033\\", false, true, false},
        [PASSTHROUGH_EITHER] = {"\033Ptmux;", "\033\\", true, true, true},
    };
    size_t size = 0;
    if (forms[passthrough].plain) put(out, &size, sequence, false);
    if (forms[passthrough].wrapped) {
        put(out, &size, forms[passthrough].before, false);
        put(out, &size, sequence, forms[passthrough].doubled);
        put(out, &size, forms[passthrough].after, false);
    }
    out[size] = '\0';
    return size;
}
