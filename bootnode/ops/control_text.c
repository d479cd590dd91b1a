#include "bootnode/ops/control_text.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

json_t *control_text_part(const char *text, size_t size) {
    size_t capacity = TEXT_GROWTH * size + 1;
    char *shown = malloc(capacity);
    if (!shown) return NULL;
    json_t *string = json_stringn(shown, text_filter(text, size, false, shown, capacity));
    free(shown);
    return string;
}

json_t *control_text(const char *text) {
    return control_text_part(text, strlen(text));
}
