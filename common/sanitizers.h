/* Which sanitizers this is built with, by whichever compiler: GOCHAT_ASAN (address), GOCHAT_TSAN (thread), and
 * GOCHAT_SANITIZED where there is any. The undefined-behaviour sanitizer tells nobody that it is there, and comes with
 * the address sanitizer. */
#pragma once

#ifdef __has_feature
#define GOCHAT_HAS_FEATURE(feature) __has_feature(feature)
#else
#define GOCHAT_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || GOCHAT_HAS_FEATURE(address_sanitizer)
#define GOCHAT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) || GOCHAT_HAS_FEATURE(thread_sanitizer)
#define GOCHAT_TSAN 1
#endif
#if defined(GOCHAT_ASAN) || defined(GOCHAT_TSAN) || GOCHAT_HAS_FEATURE(memory_sanitizer)
#define GOCHAT_SANITIZED 1
#endif
