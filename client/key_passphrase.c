#include "client/key_passphrase.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/ask.h"
#include "common/why.h"

#define TRIES 3
#define TYPED_SIZE (PASSPHRASE_MAX + 2)
#define PROMPT_SIZE 256

/* Who gave no descriptor is to be asked; false where nobody can be. */
static bool can_ask(const struct key_passphrase *how) {
    if (how->descriptor >= 0 || ask_possible()) return true;
    fprintf(stderr, "gochat: the passphrase of %s: expected a terminal to ask at; a script gives %s N\n", how->of,
            how->flag);
    return false;
}

static void tell(const struct key_passphrase *how, const struct why *why) {
    if (how->descriptor >= 0)
        fprintf(stderr, "gochat: %s %d: %s\n", how->flag, how->descriptor, why->text);
    else
        fprintf(stderr, "gochat: %s\n", why->text);
}

static bool get_line(const struct key_passphrase *how, const char *prompt, char unified[static PASSPHRASE_MAX + 1],
                     struct why *why) {
    char typed[TYPED_SIZE];
    bool done = how->descriptor >= 0 ? ask_read(how->descriptor, typed, sizeof typed, why)
                                     : ask(prompt, true, typed, sizeof typed, why);
    done = done && passphrase_unify(typed, unified, why);
    sodium_memzero(typed, sizeof typed);
    return done;
}

/* --- One that there is --- */

enum key_passphrase_result key_passphrase_known(const struct key_passphrase *how, const struct sealed_seed *box,
                                                uint8_t seed[static SEED_SIZE]) {
    char prompt[PROMPT_SIZE], unified[PASSPHRASE_MAX + 1];
    struct why why;
    bool opened = false;
    if (!can_ask(how)) return KEY_PASSPHRASE_NOT_GIVEN;
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", how->of);
    for (int tries = how->descriptor >= 0 ? 1 : TRIES; !opened && tries > 0; tries--) {
        opened = get_line(how, prompt, unified, &why) && sealed_seed_unseal(box, unified, seed, &why);
        sodium_memzero(unified, sizeof unified);
        if (!opened) tell(how, &why);
    }
    return opened ? KEY_PASSPHRASE_GIVEN : KEY_PASSPHRASE_NOT_GIVEN;
}

/* --- A new one --- */

/* Nobody is there to choose another one. */
static bool take_line(const struct key_passphrase *how, char out[static PASSPHRASE_MAX + 1], struct why *why) {
    char judged[128];
    if (!get_line(how, "", out, why)) return false;
    double bits = passphrase_bits(out);
    passphrase_judge(bits, judged, sizeof judged);
    if (bits < PASSPHRASE_WEAK_BITS) fprintf(stderr, "gochat: the passphrase is weak: %s\n", judged);
    return true;
}

static bool accept_strength(const char *unified, struct why *why) {
    char judged[128], answer[TYPED_SIZE];
    double bits = passphrase_bits(unified);
    passphrase_judge(bits, judged, sizeof judged);
    fprintf(stderr, "%s\n", judged);
    if (bits >= PASSPHRASE_WEAK_BITS) return true;
    if (!ask("That is weak. Use it all the same? [y/N] ", false, answer, sizeof answer, why)) return false;
    return *answer == 'y' || *answer == 'Y' || why_fail(why, "then another one");
}

static bool ask_twice(const struct key_passphrase *how, char out[static PASSPHRASE_MAX + 1], struct why *why) {
    char prompt[PROMPT_SIZE], again[PASSPHRASE_MAX + 1];
    snprintf(prompt, sizeof prompt, "New passphrase of %s: ", how->of);
    if (!get_line(how, prompt, out, why) || !accept_strength(out, why)) return false;
    bool same = get_line(how, "Once more: ", again, why);
    if (same && strcmp(out, again) != 0) same = why_fail(why, "that is another one than before");
    sodium_memzero(again, sizeof again);
    return same;
}

enum key_passphrase_result key_passphrase_new(const struct key_passphrase *how, char out[static PASSPHRASE_MAX + 1]) {
    struct why why;
    if (!can_ask(how)) return KEY_PASSPHRASE_NOT_GIVEN;
    for (int tries = how->descriptor >= 0 ? 1 : TRIES; tries > 0; tries--) {
        if (how->descriptor >= 0 ? take_line(how, out, &why) : ask_twice(how, out, &why)) return KEY_PASSPHRASE_GIVEN;
        sodium_memzero(out, PASSPHRASE_MAX + 1);
        tell(how, &why);
    }
    return KEY_PASSPHRASE_NOT_GIVEN;
}
