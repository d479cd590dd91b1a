/* What the compiler is told of functions. */
#pragma once

/* The result says whether it went well, or is all that the call was for: to drop it is a mistake, and a warning. Where
 * it may be dropped nevertheless, the call says (void) and why. */
#ifdef __clang__
#define MUST_USE __attribute__((warn_unused_result))
#else
#define MUST_USE [[nodiscard]] /* gcc heeds (void) with this one alone */
#endif
