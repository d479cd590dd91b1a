#include "client/rendezvous/asking.h"

#include <string.h>

static bool are_equal(const uint8_t a[static 32], const uint8_t b[static 32]) {
    return memcmp(a, b, 32) == 0;
}

bool asking_begin(struct asking *asking, const uint8_t known[static 32], const uint8_t shown[static 32], uint64_t now) {
    if (are_equal(known, shown) || (asking->asks && are_equal(known, asking->key))) return false;
    *asking = (struct asking){.asks = true, .until = now + ASKING_MS};
    memcpy(asking->key, known, sizeof asking->key);
    memcpy(asking->shown, shown, sizeof asking->shown);
    return true;
}
