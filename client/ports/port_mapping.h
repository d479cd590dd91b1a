/* Has the gateway asked to map our port, in the background: NAT-PMP first, then UPnP; renewed, and given back at the
 * end. The helper process does it, and the libraries there cannot be interrupted: so the thread is one that nobody
 * waits for, but for the moment that giving back takes. */
#pragma once

#include <stdbool.h>

#include "client/helper/helper.h"
#include "client/helper/protocol.h"
#include "common/attributes.h"
#include "common/queue.h"

#define PORT_GIVE_BACK_MS 300 /* at the end, at most */

struct port_mapping;

/* Nothing is asked yet; `helper` outlives the process's last thread. `answers` gets an INPUT_PORT_MAPPED whenever the
 * address changes at which others reach `port`. NULL without memory. */
MUST_USE struct port_mapping *port_mapping_create(struct helper *helper, struct queue *answers, uint16_t port);
/* The same with one other protocol, whose context outlives the process's last call to it. */
MUST_USE struct port_mapping *port_mapping_create_with(const struct port_protocol *protocol, struct queue *answers,
                                                       uint16_t port);
/* Is there a NAT in between? While there is, the port is to be mapped. Called by a thread that blocks signals: a new
 * one inherits that. */
void port_mapping_want(struct port_mapping *mapping, bool wanted);
/* We may be behind another gateway, or the gateway has another address. */
void port_mapping_again(struct port_mapping *mapping);
/* Gives back what is mapped; what is granted from now on goes nowhere. NULL does nothing. */
void port_mapping_destroy(struct port_mapping *mapping);
