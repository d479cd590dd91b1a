#include "client/curses/key_decode.h"

#include <string.h>

#include "client/curses/key_sequences.h"
#include "client/look/keys.h"

#define PARAMETERS_MAX 4
#define PARTS_MAX 3 /* of a parameter, between colons */
#define NUMBER_MAX 0x10ffff
#define MOUSE_MODIFIERS (4 | 8 | 16)
#define MOUSE_MOTION 32

/* As terminals count modifiers: a bit each, and 1 added to their sum. */
enum { SHIFT = 1, ALT = 2, CTRL = 4, SUPER = 8, HYPER = 16, META = 32, CAPS_LOCK = 64 };

struct parameters {
    char prefix; /* one of < = > ?, or 0 */
    unsigned count;
    uint32_t number[PARAMETERS_MAX][PARTS_MAX];
    bool regular; /* no intermediate bytes, and all of it fits */
    char final;
};

struct code_key {
    uint32_t code, key;
};

/* CSI … letter and CSI number ~ of xterm. */
static const struct code_key letters[] = {
    {'A', KEYS_UP},   {'B', KEYS_DOWN}, {'C', KEYS_RIGHT}, {'D', KEYS_LEFT},
    {'H', KEYS_HOME}, {'F', KEYS_END},  {'P', KEYS_F1},    {'Z', KEYS_BACK_TAB},
};
static const struct code_key numbers[] = {
    {1, KEYS_HOME},   {7, KEYS_HOME},    {4, KEYS_END},       {8, KEYS_END},
    {3, KEYS_DELETE}, {5, KEYS_PAGE_UP}, {6, KEYS_PAGE_DOWN}, {11, KEYS_F1},
};
/* Kitty's numbers of keys that are no character: the keypad. */
static const struct code_key functional[] = {
    {127, KEYS_BACKSPACE}, {57399, '0'},      {57400, '1'},         {57401, '2'},          {57402, '3'},
    {57403, '4'},          {57404, '5'},      {57405, '6'},         {57406, '7'},          {57407, '8'},
    {57408, '9'},          {57409, '.'},      {57410, '/'},         {57411, '*'},          {57412, '-'},
    {57413, '+'},          {57414, '\r'},     {57415, '='},         {57416, ','},          {57417, KEYS_LEFT},
    {57418, KEYS_RIGHT},   {57419, KEYS_UP},  {57420, KEYS_DOWN},   {57421, KEYS_PAGE_UP}, {57422, KEYS_PAGE_DOWN},
    {57423, KEYS_HOME},    {57424, KEYS_END}, {57426, KEYS_DELETE},
};
/* SS3 of a keypad in application mode, where no table has it. */
static const char keypad_finals[] = "jklmnopqrstuvwxyM", keypad_keys[] = "*+,-./0123456789\r";

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint32_t look_up(const struct code_key *table, size_t count, uint32_t code) {
    for (size_t i = 0; i < count; i++)
        if (table[i].code == code) return table[i].key;
    return KEYS_NONE;
}

static bool is_letter(uint32_t key) {
    return (key >= 'a' && key <= 'z') || (key >= 'A' && key <= 'Z');
}

static uint32_t with_ctrl(uint32_t key) {
    if (key == KEYS_LEFT) return KEYS_CTRL_LEFT;
    if (key == KEYS_RIGHT) return KEYS_CTRL_RIGHT;
    if (key == '/') return '_' & 0x1f; /* as terminals send it without any such protocol */
    if (key == ' ') return 0;
    if (key == '[') return KEYS_NONE; /* Escape, which alone is no key of ours */
    return is_letter(key) || (key >= '@' && key <= '_') ? key & 0x1f : KEYS_NONE;
}

static uint32_t with_modifiers(uint32_t key, uint32_t modifiers) {
    if (key == KEYS_NONE || (modifiers & (SUPER | HYPER | META))) return KEYS_NONE;
    bool upper = !(modifiers & SHIFT) != !(modifiers & CAPS_LOCK);
    if (key >= 'a' && key <= 'z' && upper) key -= 'a' - 'A';
    if ((modifiers & SHIFT) && key == '\t') key = KEYS_BACK_TAB;
    if ((modifiers & SHIFT) && key == '\r') return KEYS_ALT | '\r'; /* Shift-Enter is a new line everywhere else */
    if (modifiers & CTRL) key = with_ctrl(key);
    return key != KEYS_NONE && (modifiers & ALT) ? KEYS_ALT | key : key;
}

/* --- Parameters --- */

static struct parameters parse(const char *bytes, size_t size) {
    struct parameters out = {.regular = true, .final = bytes[size - 1]};
    size_t at = 2, end = size - 1;
    unsigned part = 0;
    if (at < end && strchr("<=>?", bytes[at])) out.prefix = bytes[at++];
    for (; at < end; at++) {
        char byte = bytes[at];
        if (out.count == 0) out.count = 1;
        uint32_t *number = &out.number[out.count - 1][part];
        if (byte >= '0' && byte <= '9') {
            *number = *number * 10 + (uint32_t)(byte - '0');
            if (*number > NUMBER_MAX) *number = NUMBER_MAX;
        } else if (byte == ';' && out.count < PARAMETERS_MAX) {
            out.count++;
            part = 0;
        } else if (byte == ':' && part + 1 < PARTS_MAX) {
            part++;
        } else {
            out.regular = false;
            break;
        }
    }
    return out;
}

static uint32_t modifiers_of(const struct parameters *parameters, unsigned index) {
    uint32_t number = parameters->count > index ? parameters->number[index][0] : 0;
    return number > 0 ? number - 1 : 0;
}

static bool is_release(const struct parameters *parameters) {
    return parameters->count > 1 && parameters->number[1][1] == 3;
}

/* --- Protocols --- */

static uint32_t character_key(uint32_t code) {
    uint32_t key = look_up(functional, COUNT(functional), code);
    if (key != KEYS_NONE || code == '\r' || code == '\t') return key != KEYS_NONE ? key : code;
    bool private = code >= 0xe000 && code <= 0xf8ff, surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < ' ' || (code >= 0x7f && code < 0xa0) || private || surrogate || code >= NUMBER_MAX ? KEYS_NONE : code;
}

static uint32_t kitty_key(const struct parameters *parameters) {
    uint32_t modifiers = modifiers_of(parameters, 1), shifted = parameters->number[0][1];
    if (is_release(parameters)) return KEYS_NONE;
    if ((modifiers & SHIFT) && !(modifiers & CTRL) && shifted > 0)
        return with_modifiers(character_key(shifted), modifiers & ~(uint32_t)(SHIFT | CAPS_LOCK));
    return with_modifiers(character_key(parameters->number[0][0]), modifiers);
}

static uint32_t tilde_key(const struct parameters *parameters) {
    if (is_release(parameters)) return KEYS_NONE;
    if (parameters->number[0][0] == 27 && parameters->count == 3)
        return with_modifiers(character_key(parameters->number[2][0]), modifiers_of(parameters, 1));
    return with_modifiers(look_up(numbers, COUNT(numbers), parameters->number[0][0]), modifiers_of(parameters, 1));
}

static uint32_t letter_key(const struct parameters *parameters) {
    if (parameters->number[0][0] > 1 || is_release(parameters)) return KEYS_NONE;
    uint32_t key = look_up(letters, COUNT(letters), (unsigned char)parameters->final);
    return with_modifiers(key, modifiers_of(parameters, 1));
}

static struct key_mouse mouse_event(uint32_t code, uint32_t column, uint32_t row, bool released) {
    struct key_mouse mouse = {.any = true, .column = column, .row = row};
    mouse.button = code & ~(unsigned)MOUSE_MODIFIERS;
    mouse.pressed = !released && mouse.button != 3 && !(mouse.button & MOUSE_MOTION);
    return mouse;
}

static bool is_mouse(const struct parameters *parameters) {
    bool sgr = parameters->prefix == '<' && (parameters->final == 'M' || parameters->final == 'm');
    bool urxvt = !parameters->prefix && parameters->final == 'M' && parameters->number[0][0] >= 32;
    return parameters->count == 3 && (sgr || urxvt);
}

static uint32_t decode_csi(const char *bytes, size_t size, struct key_mouse *mouse) {
    struct parameters parameters = parse(bytes, size);
    if (!parameters.regular) return KEYS_NONE;
    if (is_mouse(&parameters)) {
        uint32_t code = parameters.number[0][0] - (parameters.prefix ? 0 : 32);
        *mouse = mouse_event(code, parameters.number[1][0], parameters.number[2][0], parameters.final == 'm');
        return KEYS_NONE;
    }
    if (parameters.prefix) return KEYS_NONE;
    if (parameters.final == 'u') return kitty_key(&parameters);
    return parameters.final == '~' ? tilde_key(&parameters) : letter_key(&parameters);
}

static uint32_t decode_ss3(const char *bytes, size_t size) {
    const char *found = size == 3 ? strchr(keypad_finals, bytes[2]) : NULL;
    return found && *found ? (unsigned char)keypad_keys[found - keypad_finals] : KEYS_NONE;
}

static uint32_t known_sequence(const char *bytes, size_t size) {
    size_t count;
    const struct key_sequence *sequences = key_sequences(&count);
    for (size_t i = 0; i < count; i++)
        if (strlen(sequences[i].bytes) == size && memcmp(sequences[i].bytes, bytes, size) == 0) return sequences[i].key;
    return KEYS_NONE;
}

uint32_t key_decode(const char *bytes, size_t size, struct key_mouse *mouse) {
    *mouse = (struct key_mouse){.any = false};
    if (size < 3) return KEYS_NONE;
    uint32_t key = known_sequence(bytes, size);
    if (key != KEYS_NONE) return key;
    return bytes[1] == '[' ? decode_csi(bytes, size, mouse) : decode_ss3(bytes, size);
}

struct key_mouse key_decode_x10(const unsigned char bytes[static 3]) {
    return mouse_event((uint32_t)bytes[0] - 32, (uint32_t)bytes[1] - 32, (uint32_t)bytes[2] - 32, false);
}
