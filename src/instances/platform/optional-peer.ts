/** Packages that only some need: loaded when they are, and named when they are missing. */
import { PlatformError } from './platform-error.ts';

/**
 * @param name the package
 * @param why half a sentence: `getting tokens of Azure`
 * @throws PlatformError `bad_request` with the line that installs it
 */
export async function importPeer<T>(name: string, why: string): Promise<T> {
	try {
		return (await import(name)) as T;
	} catch (cause) {
		const code = (cause as { code?: unknown } | null)?.code;
		if (code !== 'ERR_MODULE_NOT_FOUND') throw new PlatformError('bad_request', `${name} cannot be loaded`, { cause });
		throw new PlatformError('bad_request', `${why} needs the package ${name}: npm install ${name}`, { cause });
	}
}
