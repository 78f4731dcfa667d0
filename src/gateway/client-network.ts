const ZERO = 48;
const NINE = 57;
const COLON = 58;
const DOT = 46;

/**
 * What of an address counts as one client: an IPv4 address whole, of IPv6 the first 64 bits, since
 * every subscriber has at least so many to choose from (RFC 6177). IPv6 addresses that stand for
 * IPv4 ones count as those. Read into numbers, without a string or an object for each address.
 */
export class ClientNetwork {
	/** 4, 6, or 0: the text was no address. */
	family = 0;
	/** The IPv4 address, or the first half of the 64 bits. */
	high = 0;
	low = 0;
	readonly #groups = new Int32Array(8);

	/** Takes an address in any way of writing that sockets and `net.isIP` know. */
	read(text: string): void {
		this.family = 0;
		this.high = this.low = 0;
		const v4 = quad(text, 0, text.length);
		if (v4 >= 0) {
			this.family = 4;
			this.high = v4 | 0;
		} else if (this.#readGroups(text)) this.#settle();
	}

	#settle(): void {
		const groups = this.#groups;
		const at = (group: number): number => ((groups[group] as number) << 16) | (groups[group + 1] as number);
		// ::ffff:a.b.c.d, in whatever digits it is written (RFC 4291 §2.5.5.2).
		const mapped = at(0) === 0 && at(2) === 0 && at(4) === 0xffff;
		this.family = mapped ? 4 : 6;
		this.high = mapped ? at(6) : at(0);
		this.low = mapped ? 0 : at(2);
	}

	#readGroups(text: string): boolean {
		const groups = this.#groups;
		let count = 0;
		/** How many stand before `::`; -1: there is none. */
		let gap = -1;
		let at = 0;
		const zone = text.indexOf('%');
		const end = zone < 0 ? text.length : zone;
		while (at < end) {
			if (text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === COLON) {
				if (gap >= 0) return false;
				gap = count;
				at += 2;
				continue;
			}
			if (text.charCodeAt(at) === COLON) at++;
			if (count === 8) return false;
			const start = at;
			let value = 0;
			for (let digit = hex(text, at); digit >= 0; digit = hex(text, ++at)) value = (value << 4) | digit;
			if (text.charCodeAt(at) === DOT) {
				const v4 = quad(text, start, end);
				if (v4 < 0 || count > 6) return false;
				groups[count++] = v4 >>> 16;
				groups[count++] = v4 & 0xffff;
				at = end;
			} else {
				if (at === start || at - start > 4) return false;
				groups[count++] = value;
			}
		}
		if (gap < 0) return count === 8;
		// What stands behind the gap belongs to the end; from there on, so that nothing is overwritten before it moved.
		for (let to = 7; to >= gap; to--) groups[to] = --count >= gap ? (groups[count] as number) : 0;
		return true;
	}
}

/** The value of a hexadecimal digit; -1: it is none. */
function hex(text: string, at: number): number {
	const code = text.charCodeAt(at);
	if (code >= ZERO && code <= NINE) return code - ZERO;
	const letter = code | 32;
	return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The 32 bits of `1.2.3.4`; -1: it is no such address. */
function quad(text: string, start: number, end: number): number {
	let value = 0;
	let part = -1;
	let parts = 0;
	for (let at = start; at <= end; at++) {
		const code = at < end ? text.charCodeAt(at) : DOT;
		if (code === DOT) {
			if (part < 0 || parts === 4) return -1;
			value = value * 256 + part;
			part = -1;
			parts++;
		} else if (code >= ZERO && code <= NINE) {
			part = (part < 0 ? 0 : part * 10) + code - ZERO;
			if (part > 255) return -1;
		} else return -1;
	}
	return parts === 4 ? value : -1;
}
