import net from 'node:net';

/** Who is believed about the client's address, protocol and host (RFC 7239 and its older kin). */
export class Trust {
	readonly #list = new net.BlockList();
	readonly #some: boolean;

	/** `cidrs` as `10.0.0.0/8`, `::1/128`, or single addresses. */
	constructor(cidrs: readonly string[]) {
		this.#some = cidrs.length > 0;
		for (const cidr of cidrs) {
			const [address = '', bits] = cidr.split('/');
			const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
			if (bits === undefined) this.#list.addAddress(address, family);
			else this.#list.addSubnet(address, Number(bits), family);
		}
	}

	has(address: string): boolean {
		if (!this.#some) return false;
		const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
		return net.isIP(address) !== 0 && this.#list.check(address, family);
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
