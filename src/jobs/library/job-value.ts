/** Values of applications go through JSON. */

const MOST_BYTES = 1_048_576;

/** Throws a TypeError: JSON cannot hold it, or it is over 1 MiB. */
export function writeValue(what: string, value: unknown): Uint8Array {
	let text: string | undefined;
	try {
		text = value === undefined ? 'null' : JSON.stringify(value);
	} catch (error) {
		throw new TypeError(`${what}: JSON cannot hold it: ${(error as Error).message}`);
	}
	if (text === undefined) throw new TypeError(`${what}: JSON cannot hold a ${typeof value}`);
	const bytes = Buffer.from(text);
	if (bytes.length > MOST_BYTES) throw new TypeError(`${what}: it is ${bytes.length} bytes of JSON, over 1 MiB`);
	return bytes;
}

export const readValue = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString()) as unknown;
