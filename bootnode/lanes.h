/* Lanes: what comes to a listen address is sorted by kind before anybody reads it. Each worker has a socket for each
 * lane, with a buffer of its own, and the kernel chooses among them (steering.h). So what is shed under overload is
 * shed by kind, by the kernel, at no cost to the others: a flood in one lane takes no datagram from another one's
 * buffer, and no more of the worker's time than that lane's share (schedule.h).
 *
 * In the order in which they are shed last: what keeps a living session alive comes before all that anybody can send.
 */
#pragma once

enum lane {
    LANE_SESSION,  /* HEARTBEAT, INTRODUCE, MOVE and LEAVE that name a session of ours, and the shortest UPDATE */
    LANE_RELAY,    /* RELAY of a session of ours, and UPDATE, which is no life, and comes again until it is seen */
    LANE_REGISTER, /* REGISTER: with a cookie, if it is not forged */
    LANE_HELLO,    /* HELLO: from anybody, also with a forged source */
    LANE_STUN,
    LANE_JUNK, /* all else */
    LANE_COUNT
};

/* How operators know them, "session" … "junk". */
const char *lane_name(enum lane lane);
