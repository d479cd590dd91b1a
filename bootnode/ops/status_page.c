#include "bootnode/ops/status_page.h"

/* The assembler takes the file in as it is, and ends it as a string. */
__asm__(".pushsection .rodata\n"
        "status_page_text: .incbin \"bootnode/ops/status_page.html\"\n"
        ".byte 0\n"
        ".popsection\n");

extern const char status_page_text[];

void status_page_write(FILE *out) {
    (void)fputs(status_page_text, out);
}
