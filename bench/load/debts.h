/* What sessions owe because of what they received: a packet is answered once there is time, not while it is taken. */
#pragma once

#include <stdint.h>

struct debt;
struct fleet;

/* Without memory it is as if the packet had been lost. */
void debts_add(struct fleet *fleet, const struct debt *debt);
/* Sends all that is owed. */
void debts_pay(struct fleet *fleet, uint64_t now_us);
