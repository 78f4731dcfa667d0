// Compiled code is kept between starts: the clone starts in half the time with it.
import module from 'node:module';
import { join } from 'node:path';
import { openRunDirectory, runDirectory } from './paths.js';

/** A folder that only this user can write: what lies there is executed. Undefined when there is none. */
export function compileCacheFolder() {
	try {
		openRunDirectory(runDirectory());
		return join(runDirectory(), 'compile-cache');
	} catch {
		return undefined;
	}
}

export function enableCompileCache() {
	const folder = process.env.NODE_COMPILE_CACHE ? undefined : compileCacheFolder();
	if (folder) module.enableCompileCache(folder);
}
