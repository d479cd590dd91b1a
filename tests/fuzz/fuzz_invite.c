/* Whatever invite_parse takes is a whole invite, and comes back when it is written and read again; whatever it does not
 * take it explains. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/invite/invite.h"
#include "common/memory.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each costs a few hashes. */
const unsigned long fuzz_runs = 100000;

static void require(bool condition) {
    if (!condition) abort();
}

static void check(const struct invite *invite) {
    char text[INVITE_TEXT_SIZE], same[INVITE_TEXT_SIZE];
    struct invite again;
    struct why why;
    require(invite_holds(invite));
    invite_format(invite, text);
    require(invite_is(text) && invite_parse(text, &again, &why));
    invite_format(&again, same);
    require(strcmp(text, same) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct invite invite;
    struct why why = {""};
    char *text = copy_start((const char *)data, size);
    if (invite_parse(text, &invite, &why))
        check(&invite);
    else
        require(*why.text && text_is_utf8(why.text, strlen(why.text)));
    free(text);
    return 0;
}
