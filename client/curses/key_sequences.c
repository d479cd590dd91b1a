#include "client/curses/key_sequences.h"

#include "client/look/keys.h"

static const struct key_sequence sequences[] = {
    {"\033[200~", KEYS_PASTE_BEGIN},
    {"\033[201~", KEYS_PASTE_END},
    {"\033[I", KEYS_FOCUS_IN},
    {"\033[O", KEYS_FOCUS_OUT},
    /* Cursor keys, in both of their modes: a terminal may have missed that we set one. */
    {"\033[A", KEYS_UP},
    {"\033[B", KEYS_DOWN},
    {"\033[C", KEYS_RIGHT},
    {"\033[D", KEYS_LEFT},
    {"\033OA", KEYS_UP},
    {"\033OB", KEYS_DOWN},
    {"\033OC", KEYS_RIGHT},
    {"\033OD", KEYS_LEFT},
    {"\033[H", KEYS_HOME},
    {"\033[F", KEYS_END},
    {"\033OH", KEYS_HOME},
    {"\033OF", KEYS_END},
    {"\033[1~", KEYS_HOME},
    {"\033[4~", KEYS_END},
    {"\033[7~", KEYS_HOME},
    {"\033[8~", KEYS_END},
    {"\033[3~", KEYS_DELETE},
    {"\033[5~", KEYS_PAGE_UP},
    {"\033[6~", KEYS_PAGE_DOWN},
    {"\033[Z", KEYS_BACK_TAB},
    {"\033OP", KEYS_F1},
    {"\033[11~", KEYS_F1},
    {"\033[[A", KEYS_F1},
    /* With Ctrl. */
    {"\033[1;5C", KEYS_CTRL_RIGHT},
    {"\033[1;5D", KEYS_CTRL_LEFT},
    {"\033[5C", KEYS_CTRL_RIGHT},
    {"\033[5D", KEYS_CTRL_LEFT},
    {"\033Oc", KEYS_CTRL_RIGHT},
    {"\033Od", KEYS_CTRL_LEFT},
    /* With Alt. */
    {"\033[1;3A", KEYS_ALT + KEYS_UP},
    {"\033[1;3B", KEYS_ALT + KEYS_DOWN},
    {"\033[1;3C", KEYS_ALT + KEYS_RIGHT},
    {"\033[1;3D", KEYS_ALT + KEYS_LEFT},
    {"\033[1;3H", KEYS_ALT + KEYS_HOME},
    {"\033[1;3F", KEYS_ALT + KEYS_END},
    {"\033[5;3~", KEYS_ALT + KEYS_PAGE_UP},
    {"\033[6;3~", KEYS_ALT + KEYS_PAGE_DOWN},
    {"\033[3;3~", KEYS_ALT + KEYS_DELETE},
};

const struct key_sequence *key_sequences(size_t *count) {
    *count = sizeof sequences / sizeof *sequences;
    return sequences;
}
