/* Keeps the process that libnats runs in (board_process.h): starts it anew when it dies, with growing pauses, since
 * what it died of may still be there. It is a process of its own, since the bootnode may not fork any more once it has
 * keys and threads: with one thread, the bootnode's user, and no library in it; of the pair it reads nothing, so that
 * no stranger has a word to say here. It ends with its bootnode, and the process with it. */
#pragma once

#include <stdint.h>

#include "bootnode/cluster/board_pair.h"

#define BOARD_KEEPER_PAUSE_MIN_MS 1000 /* doubled each time, up to the most; the least again after one that lasted */
#define BOARD_KEEPER_PAUSE_MAX_MS 60000
#define BOARD_KEEPER_LASTING_MS 60000

/* The pause after one that lived so long; `before` is the pause before it, 0: there was none. Pure. */
uint32_t board_keeper_pause(uint32_t before_ms, uint64_t lived_ms);
/* What is said of one that ended with this status (waitpid) and is started anew in so long. Pure. */
void board_keeper_describe(int status, uint32_t pause_ms, char out[static BOARD_TEXT_SIZE]);
/* Never returns: the process ends when the pair does, or when `work` ends with EXIT_FAILURE before it ran once.
 * `work` never returns, either: a process of its own each time, it ends with EXIT_SUCCESS at the end of the pair.
 * What died is told (BOARD_PACKET_DIED). */
_Noreturn void board_keeper_run(int pair, void (*work)(void *context), void *context);
