/* Sessions that leave and come back under their old member id: LEAVE until RESET answers, a while away, a new
 * registration. One at a time in a room where there are rooms enough, so that a join usually meets a quiet one. */
#pragma once

#include <stdint.h>

struct agenda_entry;
struct fleet;

/* As many set out as the row wants by now. */
void churn_step(struct fleet *fleet, uint64_t now_us);
/* ERRAND_LEAVE. */
void churn_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
/* Those whose time it is register, as many as have a slot. */
void churn_return(struct fleet *fleet, uint64_t now_us);
/* LEAVE was answered. */
void churn_left(struct fleet *fleet, uint32_t member, uint64_t now_us);
