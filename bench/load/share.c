#include "bench/load/share.h"

uint64_t share_of(uint64_t whole, struct share share) {
    return whole / share.count + (share.index < whole % share.count);
}

uint64_t share_before(uint64_t whole, struct share share) {
    uint64_t rest = whole % share.count;
    return whole / share.count * share.index + (share.index < rest ? share.index : rest);
}

double share_phase(struct share share) {
    return (double)share.index / share.count;
}
