import net from 'node:net';
import type { TrustEntry } from './trust-config.ts';

/** Who is believed about the client's address, protocol and host (RFC 7239 and its older kin). */
export class Trust {
	readonly #list = new net.BlockList();
	readonly #some: boolean;
	/** By lower-case name of a field: who is believed about the client's address in it. */
	readonly #byField = new Map<string, net.BlockList>();
	/** Fields that only those who are believed about them may send on to an instance, lower case; null: there are none. */
	readonly guarded: ReadonlySet<string> | null;

	/** Ranges as `10.0.0.0/8`, `::1/128`, or single addresses. */
	constructor(entries: readonly TrustEntry[]) {
		this.#some = entries.length > 0;
		for (const entry of entries) {
			const { ranges, header } = typeof entry === 'string' ? { ranges: [entry], header: null } : entry;
			for (const range of ranges) add(this.#list, range);
			if (header === null) continue;
			const believed = this.#byField.get(header) ?? new net.BlockList();
			this.#byField.set(header, believed);
			for (const range of ranges) add(believed, range);
		}
		this.guarded = this.#byField.size === 0 ? null : new Set(this.#byField.keys());
	}

	has(address: string): boolean {
		return this.#some && isIn(this.#list, address);
	}

	/** The field in which this peer tells its client's address, lower case; '': it tells it by X-Forwarded-For. */
	fieldOf(peer: string): string {
		for (const [name, list] of this.#byField) if (isIn(list, peer)) return name;
		return '';
	}

	/** The client's own address behind trusted proxies: the first from the right that is not trusted. */
	client(peer: string, forwardedFor: string | undefined): string {
		if (forwardedFor === undefined || !this.has(peer)) return peer;
		const hops = forwardedFor.split(',');
		let client = peer;
		for (let i = hops.length - 1; i >= 0 && hops.length - i <= 50; i--) {
			const hop = plainAddress((hops[i] as string).trim());
			// What is no address was not written by a proxy that can be trusted.
			if (net.isIP(hop) === 0) break;
			client = hop;
			if (!this.has(hop)) break;
		}
		return client;
	}
}

function add(list: net.BlockList, range: string): void {
	const [address = '', bits] = range.split('/');
	const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
	if (bits === undefined) list.addAddress(address, family);
	else list.addSubnet(address, Number(bits), family);
}

function isIn(list: net.BlockList, address: string): boolean {
	const family = net.isIP(address);
	return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The address that a CDN says in a field of its own; null: it is none. CloudFront writes a port behind it, also of IPv6. */
export function toldAddress(field: string, value: string): string | null {
	const ported = field === 'cloudfront-viewer-address';
	const text = ported ? value.slice(0, Math.max(0, value.lastIndexOf(':'))) : value;
	const address = plainAddress(text.trim());
	return net.isIP(address) === 0 || address.includes('%') ? null : address;
}

/** Without port and brackets; IPv4-mapped IPv6 as IPv4. */
export function plainAddress(text: string): string {
	const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
	if (bracketed) return bracketed[1] as string;
	const ported = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text);
	if (ported) return ported[1] as string;
	return text.startsWith('::ffff:') && net.isIPv4(text.slice(7)) ? text.slice(7) : text;
}

/** A node identifier for `Forwarded` (RFC 7239 §6): IPv6 bracketed and quoted. */
export function forwardedNode(address: string): string {
	return net.isIPv6(address) ? `"[${address}]"` : address;
}
