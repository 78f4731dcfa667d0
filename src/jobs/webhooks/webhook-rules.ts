import { type BlockList, isIP } from 'node:net';
import { type AddressKind, isListed, judgeAddress, listOf, parseCidr } from './address-judge.ts';

/** Where webhooks may go, beside public addresses by https. Plain data: it is sent to threads. */
export interface WebhookRules {
	/** Ranges, and names of hosts, that may be private. */
	allow: readonly string[];
	/** Hosts (`name` or `name:port`) that may be called by http. */
	http: readonly string[];
	/** Ports that a URL may name. */
	ports: readonly number[];
}

/** Why a URL is refused. */
export type WebhookRefusal = 'not_a_url' | 'too_long' | 'scheme' | 'credentials' | 'port' | 'no_secret' | AddressKind;

/** Longest URL, characters. */
export const URL_MOST = 2048;
/** What `allow` may open for a name: others only by their addresses. */
const NAMED: ReadonlySet<AddressKind> = new Set(['private', 'shared', 'loopback']);

export const REFUSALS: Readonly<Record<WebhookRefusal, string>> = {
	not_a_url: 'it is not one absolute URL, or has a fragment',
	too_long: `it is longer than ${URL_MOST} characters`,
	scheme: 'its scheme is not https',
	credentials: 'it has a name or a password in it',
	port: 'its port is not one that webhooks may go to',
	no_secret: 'its host knows no secret that it could be signed with',
	unspecified: 'it leads to an unspecified address',
	loopback: 'it leads to this machine itself',
	private: 'it leads to a private address',
	shared: 'it leads to an address shared within a provider',
	link_local: 'it leads to a link-local address',
	metadata: 'it leads to the metadata of a cloud',
	multicast: 'it leads to a multicast address',
	tunnel: 'it leads through a tunnel to another address',
	reserved: 'it leads to an address that is reserved',
};

/** Judges URLs when they are handed in, and addresses when they are connected to. */
export class WebhookJudge {
	readonly #rules: WebhookRules;
	readonly #ranges: BlockList;
	readonly #names: ReadonlySet<string>;
	readonly #plain: ReadonlySet<string>;

	constructor(rules: WebhookRules) {
		this.#rules = rules;
		this.#ranges = listOf(rules.allow);
		this.#names = new Set(rules.allow.filter((one) => parseCidr(one) === null).map(nameOf));
		this.#plain = new Set(rules.http.map((one) => one.toLowerCase()));
	}

	/** The URL as the standard writes it, so that what was judged is what is called; or why it is refused. */
	url(text: string): URL | WebhookRefusal {
		if (text.length > URL_MOST) return 'too_long';
		const url = URL.parse(text);
		if (url === null || url.hostname === '' || /[#\s]/.test(text)) return 'not_a_url';
		if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'scheme';
		if (url.username !== '' || url.password !== '') return 'credentials';
		const refused = this.#scheme(url);
		if (refused !== null) return refused;
		const host = hostOf(url);
		if (isIP(host) !== 0) return this.address(host, host) ?? url;
		const name = nameOf(host);
		const local = name === 'localhost' || name.endsWith('.localhost');
		return local && !this.#names.has(name) && !this.#names.has('localhost') ? 'loopback' : url;
	}

	#scheme({ protocol, hostname, port }: URL): 'scheme' | 'port' | null {
		const { ports } = this.#rules;
		if (protocol === 'http:') {
			if (this.#plain.has(`${hostname}:${port === '' ? 80 : port}`)) return null;
			if (!this.#plain.has(hostname)) return 'scheme';
			return port === '' || ports.includes(Number(port)) ? null : 'port';
		}
		return ports.includes(port === '' ? 443 : Number(port)) ? null : 'port';
	}

	/** null: it may be connected to. @param host of the URL, as `hostOf` tells it */
	address(address: string, host: string): AddressKind | null {
		const kind = judgeAddress(address);
		if (kind === null || isListed(this.#ranges, address)) return null;
		return NAMED.has(kind) && this.#names.has(nameOf(host)) ? null : kind;
	}
}

/** Without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);

const nameOf = (host: string): string => host.toLowerCase().replace(/\.$/, '');
