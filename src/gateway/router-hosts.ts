import { mixBits } from '../core/hash.ts';
import type { HostPattern } from './router-pattern.ts';

const DOT = 0x2e;
const COLON = 0x3a;
/** Longer names are no names (RFC 1035 §2.3.4); they meet only patterns for any host. */
const LONGEST = 255;
const FNV = 0x01000193;
const EXACT = 0x2c1b3c6d;
const WILDCARD = 0x297a2d39;

/** The patterns with one name: which group of routes they lead to, by port. */
interface HostName {
	bytes: Buffer;
	wildcard: boolean;
	/** Those with a port in front; -1: any port. */
	ports: number[];
	groups: number[];
}

/** Which groups of routes a request's authority leads to: a hash over its name from the end, looked up at each dot. */
export class HostTable {
	readonly #names: HostName[] = [];
	readonly #any: HostName = { bytes: Buffer.alloc(0), wildcard: false, ports: [], groups: [] };
	#table = new Int32Array(0);
	#wildcards = false;
	readonly #below: HostName[] = [];
	/** What the last `find` found: so many groups, most specific first. */
	readonly found: Int32Array;
	count = 0;

	/** The hosts in the order of their specificity, each with its group. */
	constructor(hosts: readonly HostPattern[]) {
		this.found = new Int32Array(hosts.length);
		const names = new Map<string, HostName>();
		for (const [group, { name, wildcard, port }] of hosts.entries()) {
			const key = `${wildcard} ${name}`;
			let entry = name === '' ? this.#any : names.get(key);
			if (entry === undefined) {
				entry = { bytes: Buffer.from(name, 'latin1'), wildcard, ports: [], groups: [] };
				names.set(key, entry);
				this.#names.push(entry);
			}
			entry.ports.push(port);
			entry.groups.push(group);
			if (wildcard) this.#wildcards = true;
		}
		this.#build();
	}

	#build(): void {
		let size = 4;
		while (size < this.#names.length * 2) size *= 2;
		this.#table = new Int32Array(size).fill(-1);
		for (const [index, { bytes, wildcard }] of this.#names.entries()) {
			let hash = 0;
			for (let at = bytes.length - 1; at >= 0; at--) hash = Math.imul(hash ^ (bytes[at] as number), FNV);
			let place = mixBits(hash ^ (wildcard ? WILDCARD : EXACT)) & (size - 1);
			while ((this.#table[place] as number) >= 0) place = (place + 1) & (size - 1);
			this.#table[place] = index;
		}
	}

	/** Fills `found` with the groups for the authority in [start, end). */
	find(buffer: Uint8Array, start: number, end: number): void {
		this.count = 0;
		let stop = end;
		let port = -1;
		if (this.#names.length > 0 || this.#any.ports.length > 1 || this.#any.ports[0] !== -1) {
			stop = portAt(buffer, start, end);
			if (stop < end) port = portNumber(buffer, stop + 1, end);
			if (stop > start && buffer[stop - 1] === DOT) stop--;
			if (this.#names.length > 0 && stop > start && stop - start <= LONGEST) this.#findName(buffer, start, stop, port);
		}
		this.#take(this.#any, port);
	}

	#findName(buffer: Uint8Array, start: number, stop: number, port: number): void {
		let hash = 0;
		let below = 0;
		for (let at = stop - 1; at >= start; at--) {
			const byte = lower(buffer[at] as number);
			if (byte === DOT && this.#wildcards && at > start) {
				const name = this.#lookup(hash, true, buffer, at + 1, stop);
				if (name !== undefined) this.#below[below++] = name;
			}
			hash = Math.imul(hash ^ byte, FNV);
		}
		const exact = this.#lookup(hash, false, buffer, start, stop);
		if (exact !== undefined) this.#take(exact, port);
		while (below > 0) this.#take(this.#below[--below] as HostName, port);
	}

	#take(name: HostName, port: number): void {
		for (let at = 0; at < name.ports.length; at++) {
			if (name.ports[at] === -1 || name.ports[at] === port) this.found[this.count++] = name.groups[at] as number;
		}
	}

	#lookup(hash: number, wildcard: boolean, buffer: Uint8Array, start: number, stop: number): HostName | undefined {
		const mask = this.#table.length - 1;
		for (let place = mixBits(hash ^ (wildcard ? WILDCARD : EXACT)) & mask; ; place = (place + 1) & mask) {
			const index = this.#table[place] as number;
			if (index < 0) return undefined;
			const name = this.#names[index] as HostName;
			if (name.wildcard === wildcard && sameName(name.bytes, buffer, start, stop)) return name;
		}
	}
}

function sameName(name: Buffer, buffer: Uint8Array, start: number, stop: number): boolean {
	if (name.length !== stop - start) return false;
	for (let at = 0; at < name.length; at++) if (name[at] !== lower(buffer[start + at] as number)) return false;
	return true;
}

function lower(byte: number): number {
	return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Where the `:` before the port stands; `end` when there is none. */
function portAt(buffer: Uint8Array, start: number, end: number): number {
	for (let at = end - 1; at >= start; at--) {
		const byte = buffer[at] as number;
		if (byte === COLON) return at;
		if (byte < 0x30 || byte > 0x39) return end;
	}
	return end;
}

/** -1 for no digits. */
function portNumber(buffer: Uint8Array, start: number, end: number): number {
	let port = start < end ? 0 : -1;
	for (let at = start; at < end && port < 65_536; at++) port = port * 10 + (buffer[at] as number) - 0x30;
	return port;
}
