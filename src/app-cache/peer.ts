/** Packages that only those install who use this: said plainly where one is missing. */

/** What `load` gives; throws an Error that names the package when it is not installed. */
export async function loadPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
	try {
		return await load();
	} catch (error) {
		if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
		throw new Error(`ballast/cache needs the package ${name} here: npm install ${name}`, { cause: error });
	}
}
