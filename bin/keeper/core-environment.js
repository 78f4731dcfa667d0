// What a core finds in its environment beside the keeper's own.
import { compileCacheFolder } from './compile-cache.js';

// Large pieces of memory come in huge pages, where the system lends them to who asks (`madvise`, as most do): one of
// 2 MiB in place of 512, so that what is stored there is found and written at less cost. The C library reads it at its
// start; other libraries, and those before glibc 2.35, know nothing of it. `BALLAST_TUNED` tells the core that it is
// not for its children.
const HUGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1', BALLAST_TUNED: '1' };

/** Whoever sets `GLIBC_TUNABLES` is let be. */
export function coreEnvironment(env) {
	return {
		...env,
		NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE || compileCacheFolder(),
		...(env.GLIBC_TUNABLES === undefined ? HUGE_PAGES : {}),
	};
}
