import type { Fields } from '../wire/head.ts';

/** This node's place in `CDN-Loop` (RFC 8586). */
export class CdnLoop {
	/** Lower case. */
	readonly name: string;
	/** Its own line: a list may stand in several, so that those of others stay as they came. */
	readonly line: Buffer;

	constructor(name: string) {
		this.name = name;
		this.line = Buffer.from(`CDN-Loop: ${name}\r\n`, 'latin1');
	}

	/** Whether the request was here before. */
	isIn(buffer: Uint8Array, fields: Fields): boolean {
		const list = fields.list(buffer, 'cdn-loop');
		if (list === undefined) return false;
		// Parameters follow a name behind `;`.
		return list.split(',').some((one) => (one.split(';')[0] as string).trim().toLowerCase() === this.name);
	}
}
