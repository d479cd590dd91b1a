#include "bench/load/pacing.h"

struct pacing pacing_start_share(double rate, struct share share, uint64_t start_us, uint64_t duration_us) {
    struct pacing pacing = {.rate = rate, .start_us = start_us, .total = PACING_ENDLESS};
    if (rate <= 0) return pacing;
    pacing.start_us += (uint64_t)(share_phase(share) * 1e6 / rate);
    if (duration_us == PACING_ENDLESS) return pacing;
    uint64_t of_all = (uint64_t)(rate * share.count * (double)duration_us / 1e6 + 0.5);
    pacing.total = share_of(of_all, share);
    return pacing;
}

struct pacing pacing_start(double rate, uint64_t start_us, uint64_t duration_us) {
    return pacing_start_share(rate, SHARE_WHOLE, start_us, duration_us);
}

uint64_t pacing_due_us(const struct pacing *pacing, uint64_t number) {
    if (pacing->rate <= 0) return pacing->start_us;
    return pacing->start_us + (uint64_t)((double)number * 1e6 / pacing->rate);
}

uint64_t pacing_due(const struct pacing *pacing, uint64_t next, uint64_t now_us, uint64_t most) {
    uint64_t left = pacing->total - next, due = 0;
    if (left < most) most = left;
    if (pacing->rate <= 0) return most;
    while (due < most && pacing_due_us(pacing, next + due) <= now_us) due++;
    return due;
}

uint64_t pacing_come_to(const struct pacing *pacing, uint64_t now_us) {
    if (pacing->rate <= 0 || now_us < pacing->start_us) return 0;
    double come = (double)(now_us - pacing->start_us) * pacing->rate / 1e6 + 1;
    return come < (double)pacing->total ? (uint64_t)come : pacing->total;
}
