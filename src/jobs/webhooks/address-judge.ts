import { BlockList, isIP } from 'node:net';

/**
 * What an address is for, where it is not a public one; from the special-purpose registries of IANA
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …-ipv6-…), and the metadata addresses of clouds.
 */
export type AddressKind =
	| 'unspecified'
	| 'loopback'
	| 'private'
	| 'shared'
	| 'link_local'
	| 'metadata'
	| 'multicast'
	| 'tunnel'
	| 'reserved';

type Range = readonly [cidr: string, kind: AddressKind];

/** The first that holds an address tells. */
const V4: readonly Range[] = [
	// Of AWS, Azure, GCP and most others; of Alibaba; of Azure's host, which has a public address.
	['169.254.169.254/32', 'metadata'],
	['169.254.170.2/32', 'metadata'],
	['100.100.100.200/32', 'metadata'],
	['168.63.129.16/32', 'metadata'],
	['0.0.0.0/8', 'unspecified'],
	['10.0.0.0/8', 'private'],
	['100.64.0.0/10', 'shared'],
	['127.0.0.0/8', 'loopback'],
	['169.254.0.0/16', 'link_local'],
	['172.16.0.0/12', 'private'],
	['192.0.0.0/24', 'reserved'],
	['192.0.2.0/24', 'reserved'],
	['192.88.99.0/24', 'tunnel'],
	['192.168.0.0/16', 'private'],
	['198.18.0.0/15', 'reserved'],
	['198.51.100.0/24', 'reserved'],
	['203.0.113.0/24', 'reserved'],
	['224.0.0.0/4', 'multicast'],
	['240.0.0.0/4', 'reserved'],
];

const V6: readonly Range[] = [
	['fd00:ec2::254/128', 'metadata'],
	['fd20:ce::254/128', 'metadata'],
	['::/128', 'unspecified'],
	['::1/128', 'loopback'],
	['fc00::/7', 'private'],
	['fe80::/10', 'link_local'],
	['fec0::/10', 'private'],
	['ff00::/8', 'multicast'],
	// NAT64 within a network, Teredo, 6to4: they lead to an IPv4 address that stands in them.
	['64:ff9b:1::/48', 'tunnel'],
	['2001::/32', 'tunnel'],
	['2002::/16', 'tunnel'],
	['2001::/23', 'reserved'],
	['2001:db8::/32', 'reserved'],
	['3fff::/20', 'reserved'],
	// All that is not global unicast.
	['::/3', 'reserved'],
	['4000::/2', 'reserved'],
	['8000::/1', 'reserved'],
];

/** IPv4 addresses written as IPv6 ones, in their last 32 bits: mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052). */
const EMBEDDING = listOf(['::ffff:0:0/96', '64:ff9b::/96']);
const LISTS_V4 = V4.map(([cidr, kind]) => [listOf([cidr]), kind] as const);
const LISTS_V6 = V6.map(([cidr, kind]) => [listOf([cidr]), kind] as const);

/** null: a public address. @param address an IPv4 or IPv6 one, with its zone or without; 'reserved' where it is none */
export function judgeAddress(address: string): AddressKind | null {
	const plain = embeddedV4(address) ?? address.replace(/%.*$/, '');
	const version = isIP(plain);
	if (version === 0) return 'reserved';
	for (const [list, kind] of version === 4 ? LISTS_V4 : LISTS_V6)
		if (list.check(plain, version === 4 ? 'ipv4' : 'ipv6')) return kind;
	return null;
}

/** The IPv4 address that an IPv6 one of such a form leads to; null: it is of none. */
export function embeddedV4(address: string): string | null {
	const plain = address.replace(/%.*$/, '');
	if (isIP(plain) !== 6 || !EMBEDDING.check(plain, 'ipv6')) return null;
	// The URL parser writes all forms as one, without dots.
	const groups = (URL.parse(`http://[${plain}]/`)?.hostname ?? '').slice(1, -1).split(':');
	const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group === '' ? '0' : group, 16));
	const bits = (((high as number) << 16) | (low as number)) >>> 0;
	return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** An address or a range of them such as `10.0.0.0/8`; null: it is none. */
export function parseCidr(text: string): { address: string; bits: number; version: 4 | 6 } | null {
	const [, address = '', given] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
	const version = isIP(address);
	if (version === 0) return null;
	const most = version === 4 ? 32 : 128;
	const bits = given === undefined ? most : Number(given);
	return bits > most ? null : { address, bits, version: version as 4 | 6 };
}

/** Entries that are no ranges are left out. */
export function listOf(cidrs: readonly string[]): BlockList {
	const list = new BlockList();
	for (const cidr of cidrs) {
		const range = parseCidr(cidr);
		if (range !== null) list.addSubnet(range.address, range.bits, range.version === 4 ? 'ipv4' : 'ipv6');
	}
	return list;
}

export function isListed(list: BlockList, address: string): boolean {
	const plain = embeddedV4(address) ?? address.replace(/%.*$/, '');
	const version = isIP(plain);
	return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}
