#include "client/charter/charter.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/holds.h"
#include "common/memory.h"

#define SIDES 2

/* Whose word it is. */
enum side { SIDE_OWNER, SIDE_OP };

struct charter_entry {
    enum statement_kind kind;
    uint8_t subject[32];
    struct statement *said[SIDES]; /* by enum side; NULL: nothing */
};

static const uint8_t no_subject[32];

/* --- Founding --- */

void charter_init(struct charter *charter, const uint8_t root[static PRIVATE_ROOT_SIZE],
                  const uint8_t room[static ROOM_ID_SIZE]) {
    memset(charter, 0, sizeof *charter);
    memcpy(charter->root, root, sizeof charter->root);
    memcpy(charter->room, room, sizeof charter->room);
}

/* Epochs have secrets in them. */
static void discard(struct statement **statement) {
    if (*statement) sodium_memzero(*statement, sizeof **statement);
    free(*statement);
    *statement = NULL;
}

void charter_clear(struct charter *charter) {
    for (size_t i = 0; i < charter->count; i++)
        for (size_t side = 0; side < SIDES; side++) discard(&charter->entries[i].said[side]);
    free(charter->entries);
    sodium_memzero(charter, sizeof *charter);
}

bool charter_found(struct charter *charter, const struct founding *founding) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    private_root(founding->owner, founding->nonce, root);
    bool fits = sodium_memcmp(root, charter->root, sizeof root) == 0;
    sodium_memzero(root, sizeof root);
    if (!fits) return false;
    charter->founding = *founding;
    charter->founded = true;
    return true;
}

/* --- Finding --- */

static int compare_place(enum statement_kind kind, const uint8_t *subject, const struct charter_entry *entry) {
    if (kind != entry->kind) return kind < entry->kind ? -1 : 1;
    return memcmp(subject, entry->subject, sizeof entry->subject);
}

/* Where the entry stands, or would. */
static size_t place_of(const struct charter *charter, enum statement_kind kind, const uint8_t *subject, bool *found) {
    size_t low = 0, high = charter->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_place(kind, subject, &charter->entries[middle]);
        if (order == 0) *found = true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct charter_entry *entry_of(const struct charter *charter, enum statement_kind kind,
                                            const uint8_t *subject) {
    bool found;
    size_t place = place_of(charter, kind, subject ? subject : no_subject, &found);
    return found ? &charter->entries[place] : NULL;
}

/* --- Who may say what --- */

static bool is_owner(const struct charter *charter, const uint8_t *key) {
    return memcmp(charter->founding.owner, key, sizeof charter->founding.owner) == 0;
}

/* The owner's word that makes this key an op, or NULL. */
static const struct statement *appointment(const struct charter *charter, const uint8_t *key) {
    const struct charter_entry *entry = entry_of(charter, STATEMENT_PERSON, key);
    const struct statement *said = entry ? entry->said[SIDE_OWNER] : NULL;
    return said && said->body[0] == STANDING_OP ? said : NULL;
}

/* What the owner alone may say: who is an op, what becomes of one, and the rule. */
static bool is_owners_alone(const struct charter *charter, const struct statement *statement) {
    if (statement->kind == STATEMENT_RULE) return true;
    return statement->kind == STATEMENT_PERSON &&
           (statement->body[0] == STANDING_OP || appointment(charter, statement->subject));
}

/* Invariant 3. Nobody says anything of the owner. */
static bool counts(const struct charter *charter, const struct statement *statement) {
    if (statement->kind == STATEMENT_PERSON && is_owner(charter, statement->subject)) return false;
    if (is_owner(charter, statement->author)) return true;
    const struct statement *appointed = appointment(charter, statement->author);
    return appointed && statement->stamp >= appointed->stamp && !is_owners_alone(charter, statement);
}

bool charter_may(const struct charter *charter, const uint8_t author[static 32], enum statement_kind kind,
                 const uint8_t *subject, enum standing standing) {
    struct statement statement = {.kind = kind, .stamp = UINT64_MAX, .body_size = 1, .body = {(uint8_t)standing}};
    if (!charter->founded) return false;
    memcpy(statement.author, author, sizeof statement.author);
    if (subject) memcpy(statement.subject, subject, sizeof statement.subject);
    return counts(charter, &statement);
}

/* --- Which wins --- */

/* The worse somebody stands, the higher: of two words at one time the stricter one stays. */
static int strictness(const struct statement *statement) {
    static const int order[STANDING_SAID] = {
        [STANDING_OP] = 0, [STANDING_MEMBER] = 1, [STANDING_REMOVED] = 2, [STANDING_BANNED] = 3};
    return statement->kind == STATEMENT_PERSON ? order[statement->body[0]] : 0;
}

static bool is_better(const struct statement *statement, const struct statement *than) {
    if (statement->stamp != than->stamp) return statement->stamp > than->stamp;
    if (strictness(statement) != strictness(than)) return strictness(statement) > strictness(than);
    return memcmp(statement->signature, than->signature, sizeof than->signature) > 0;
}

static const struct statement *winner(const struct charter_entry *entry) {
    const struct statement *owners = entry->said[SIDE_OWNER], *ops = entry->said[SIDE_OP];
    if (!owners || !ops) return owners ? owners : ops;
    return ops->stamp > owners->stamp ? ops : owners;
}

const struct statement *charter_winner(const struct charter *charter, enum statement_kind kind,
                                       const uint8_t *subject) {
    const struct charter_entry *entry = entry_of(charter, kind, subject);
    return entry ? winner(entry) : NULL;
}

/* --- Taking --- */

/* Who was removed longest ago, invariant 5; `count`: nobody. */
static size_t longest_gone(const struct charter *charter) {
    size_t found = charter->count;
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < charter->count; i++) {
        const struct charter_entry *entry = &charter->entries[i];
        const struct statement *said = winner(entry);
        if (entry->kind != STATEMENT_PERSON || said->body[0] != STANDING_REMOVED || said->stamp >= oldest) continue;
        found = i;
        oldest = said->stamp;
    }
    return found;
}

static void remove_entry(struct charter *charter, size_t place) {
    for (size_t side = 0; side < SIDES; side++) discard(&charter->entries[place].said[side]);
    charter->count--;
    memmove(&charter->entries[place], &charter->entries[place + 1],
            (charter->count - place) * sizeof *charter->entries);
}

/* An empty one, in its place. */
static struct charter_entry *add_entry(struct charter *charter, const struct statement *statement) {
    bool found;
    if (charter->count == CHARTER_ENTRIES) remove_entry(charter, longest_gone(charter));
    size_t place = place_of(charter, statement->kind, statement->subject, &found);
    charter->entries = grow(charter->entries, charter->count + 1, sizeof *charter->entries);
    memmove(&charter->entries[place + 1], &charter->entries[place],
            (charter->count - place) * sizeof *charter->entries);
    charter->count++;
    charter->entries[place] = (struct charter_entry){.kind = statement->kind};
    memcpy(charter->entries[place].subject, statement->subject, sizeof statement->subject);
    return &charter->entries[place];
}

/* The owner's word about an op may end what the op said. */
static void drop_what_counts_no_more(struct charter *charter) {
    for (size_t i = charter->count; i-- > 0;) {
        struct charter_entry *entry = &charter->entries[i];
        if (entry->said[SIDE_OP] && !counts(charter, entry->said[SIDE_OP])) discard(&entry->said[SIDE_OP]);
        if (!entry->said[SIDE_OWNER] && !entry->said[SIDE_OP]) remove_entry(charter, i);
    }
}

static void put(struct charter *charter, const struct statement *statement) {
    bool found;
    enum side side = is_owner(charter, statement->author) ? SIDE_OWNER : SIDE_OP;
    size_t place = place_of(charter, statement->kind, statement->subject, &found);
    struct charter_entry *entry = found ? &charter->entries[place] : add_entry(charter, statement);
    if (!entry->said[side]) entry->said[side] = allocate(sizeof *statement);
    *entry->said[side] = *statement;
    if (side == SIDE_OWNER && statement->kind == STATEMENT_PERSON) drop_what_counts_no_more(charter);
    HOLDS(charter_holds(charter));
}

/* Nothing takes the place of what is later: else words about somebody would count again once the last one of them made
 * place, and two removals could take each other's place without end. */
static bool has_place(const struct charter *charter, const struct statement *statement) {
    if (charter->count < CHARTER_ENTRIES) return true;
    size_t gone = longest_gone(charter);
    return gone < charter->count &&
           (statement->kind != STATEMENT_PERSON || statement->stamp > winner(&charter->entries[gone])->stamp);
}

enum charter_taking charter_weigh(const struct charter *charter, const struct statement *statement, uint64_t wall_ms) {
    if (!charter->founded || !counts(charter, statement)) return CHARTER_UNAUTHORISED;
    if (statement->stamp > wall_ms && statement->stamp - wall_ms > CHARTER_AHEAD_MS) return CHARTER_AHEAD;
    const struct charter_entry *entry = entry_of(charter, statement->kind, statement->subject);
    if (!entry) return has_place(charter, statement) ? CHARTER_TAKEN : CHARTER_FULL;
    const struct statement *there = entry->said[is_owner(charter, statement->author) ? SIDE_OWNER : SIDE_OP];
    return there && !is_better(statement, there) ? CHARTER_KNOWN : CHARTER_TAKEN;
}

enum charter_taking charter_take(struct charter *charter, const struct statement *statement, uint64_t wall_ms) {
    enum charter_taking taking = charter_weigh(charter, statement, wall_ms);
    if (taking != CHARTER_TAKEN) return taking;
    if (!statement_verify(statement, charter->room)) return CHARTER_FORGED;
    put(charter, statement);
    return CHARTER_TAKEN;
}

enum charter_taking charter_state(struct charter *charter, const struct identity *author, enum statement_kind kind,
                                  const uint8_t *subject, const void *body, size_t body_size, uint64_t wall_ms,
                                  struct statement *out) {
    const struct charter_entry *entry = entry_of(charter, kind, subject);
    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->stamp = wall_ms;
    for (size_t side = 0; entry && side < SIDES; side++)
        if (entry->said[side] && entry->said[side]->stamp >= out->stamp) out->stamp = entry->said[side]->stamp + 1;
    const struct statement *appointed = appointment(charter, author->public);
    if (appointed && appointed->stamp > out->stamp) out->stamp = appointed->stamp;
    if (subject) memcpy(out->subject, subject, sizeof out->subject);
    out->body_size = body_size;
    memcpy(out->body, body, body_size);
    statement_sign(out, charter->room, author);
    return charter_take(charter, out, wall_ms);
}

size_t charter_adopt(struct charter *charter, const struct identity *owner, const uint8_t op[static 32],
                     uint64_t wall_ms, struct statement **out) {
    size_t count = 0;
    *out = NULL;
    if (!charter->founded || !is_owner(charter, owner->public) || !appointment(charter, op)) return 0;
    struct statement *list = *out = allocate((charter->count + 1) * sizeof *list);
    struct statement said;
    for (size_t i = 0; i < charter->count; i++) {
        said = *winner(&charter->entries[i]);
        if (memcmp(said.author, op, sizeof said.author) != 0) continue;
        if (charter_state(charter, owner, said.kind, said.kind == STATEMENT_PERSON ? said.subject : NULL, said.body,
                          said.body_size, wall_ms, &list[count]) == CHARTER_TAKEN)
            count++;
    }
    sodium_memzero(&said, sizeof said);
    return count;
}

/* --- What it says --- */

enum standing charter_standing(const struct charter *charter, const uint8_t key[static 32]) {
    if (charter->founded && is_owner(charter, key)) return STANDING_OWNER;
    const struct statement *said = charter_winner(charter, STATEMENT_PERSON, key);
    return said ? (enum standing)said->body[0] : STANDING_UNKNOWN;
}

enum membership_rule charter_rule(const struct charter *charter) {
    const struct statement *said = charter_winner(charter, STATEMENT_RULE, NULL);
    return said ? (enum membership_rule)said->body[0] : RULE_SECRET;
}

const uint8_t *charter_secret(const struct charter *charter) {
    const struct statement *said = charter_winner(charter, STATEMENT_EPOCH, NULL);
    return said ? said->body : NULL;
}

static bool is_removal(const struct statement *said) {
    return said->kind == STATEMENT_PERSON && standing_is_removed((enum standing)said->body[0]);
}

void charter_removed(const struct charter *charter, uint8_t out[static CHARTER_DIGEST_SIZE]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CHARTER_DIGEST_SIZE);
    for (size_t i = 0; i < charter->count; i++) {
        const struct statement *said = winner(&charter->entries[i]);
        if (is_removal(said)) crypto_generichash_update(&state, said->subject, sizeof said->subject);
    }
    crypto_generichash_final(&state, out, CHARTER_DIGEST_SIZE);
}

/* Where nobody was ever removed, the first secret shuts out nobody, and need not. */
bool charter_is_stale(const struct charter *charter) {
    uint8_t removed[CHARTER_DIGEST_SIZE], nobody[CHARTER_DIGEST_SIZE];
    const struct statement *epoch = charter_winner(charter, STATEMENT_EPOCH, NULL);
    charter_removed(charter, removed);
    crypto_generichash(nobody, sizeof nobody, NULL, 0, NULL, 0);
    return memcmp(removed, epoch ? epoch->body + PRIVATE_SECRET_SIZE : nobody, sizeof removed) != 0;
}

void charter_digest(const struct charter *charter, uint8_t out[static CHARTER_DIGEST_SIZE]) {
    crypto_generichash_state state;
    const struct statement *statement;
    size_t place = 0;
    crypto_generichash_init(&state, NULL, 0, CHARTER_DIGEST_SIZE);
    while ((statement = charter_next(charter, &place)))
        crypto_generichash_update(&state, statement->signature, sizeof statement->signature);
    crypto_generichash_final(&state, out, CHARTER_DIGEST_SIZE);
}

const struct statement *charter_next(const struct charter *charter, size_t *place) {
    while (*place < SIDES * charter->count) {
        size_t at = (*place)++;
        const struct statement *said = charter->entries[at % charter->count].said[at / charter->count];
        if (said) return said;
    }
    return NULL;
}

/* --- Invariants --- */

static bool entry_holds(const struct charter *charter, const struct charter_entry *entry) {
    if (!entry->said[SIDE_OWNER] && !entry->said[SIDE_OP]) return false;
    for (size_t side = 0; side < SIDES; side++) {
        const struct statement *said = entry->said[side];
        if (!said) continue;
        if (compare_place(said->kind, said->subject, entry) != 0 || !statement_holds(said)) return false;
        if (is_owner(charter, said->author) != (side == SIDE_OWNER) || !counts(charter, said)) return false;
    }
    return true;
}

bool charter_holds(const struct charter *charter) {
    uint8_t root[PRIVATE_ROOT_SIZE];
    if (charter->count > CHARTER_ENTRIES || (charter->count > 0 && !charter->founded)) return false;
    private_root(charter->founding.owner, charter->founding.nonce, root);
    if (charter->founded && memcmp(root, charter->root, sizeof root) != 0) return false;
    for (size_t i = 0; i < charter->count; i++) {
        const struct charter_entry *entry = &charter->entries[i], *next = entry + 1;
        if (!entry_holds(charter, entry)) return false;
        if (i + 1 < charter->count && compare_place(next->kind, next->subject, entry) <= 0) return false;
    }
    return true;
}
