/** The addresses behind a name: A and AAAA records, and what their absence means. */
import { lookup, Resolver } from 'node:dns/promises';

export interface LookupOptions {
	name: string;
	family: 'any' | 4 | 6;
	/** `ip:port` (an IPv6 address in brackets); null: the system's. */
	resolver: string | null;
}

/** What a look-up found in one family. `failed`: nobody could tell (time-out, SERVFAIL); no records is an answer. */
export interface FamilyAnswer {
	readonly addresses: readonly string[];
	readonly ttlMs: number | null;
	readonly failed: string | null;
}

export interface LookupAnswer {
	readonly v4: FamilyAnswer;
	readonly v6: FamilyAnswer;
}

const NONE: FamilyAnswer = { addresses: [], ttlMs: null, failed: null };
/** First attempt and how many there are, each twice as long: a look-up takes at most about 3 s. */
const TIMEOUT_MS = 1000;
const TRIES = 2;

const REASONS: Record<string, string> = {
	ENOTFOUND: 'the name does not exist',
	ENODATA: 'the name has no addresses',
	ETIMEOUT: 'the resolver did not answer in time',
	ECONNREFUSED: 'the resolver refused the query',
	ESERVFAIL: 'the resolver failed',
	EREFUSED: 'the resolver refused to answer',
	ECANCELLED: 'the query was cancelled',
};

/** Looks a name up. Never rejects; `close` ends what is under way. */
export class Lookup {
	readonly #resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
	readonly #options: LookupOptions;

	constructor(options: LookupOptions) {
		this.#options = options;
		if (options.resolver) this.#resolver.setServers([options.resolver]);
	}

	async run(): Promise<LookupAnswer> {
		const { family, resolver } = this.#options;
		const [v4, v6] = await Promise.all([family === 6 ? NONE : this.#query(4), family === 4 ? NONE : this.#query(6)]);
		// The system also knows names that are in no DNS: /etc/hosts, search domains.
		if (resolver === null && v4.addresses.length + v6.addresses.length === 0)
			return (await this.#system()) ?? { v4, v6 };
		return { v4, v6 };
	}

	close(): void {
		this.#resolver.cancel();
	}

	async #query(family: 4 | 6): Promise<FamilyAnswer> {
		const { name } = this.#options;
		try {
			const records = await (family === 4
				? this.#resolver.resolve4(name, { ttl: true })
				: this.#resolver.resolve6(name, { ttl: true }));
			const ttlMs = records.length === 0 ? null : Math.min(...records.map((record) => record.ttl)) * 1000;
			return { addresses: [...new Set(records.map((record) => record.address))], ttlMs, failed: null };
		} catch (error) {
			const code = (error as NodeJS.ErrnoException).code ?? '';
			if (code === 'ENOTFOUND' || code === 'ENODATA') return NONE;
			return { ...NONE, failed: REASONS[code] ?? `the look-up failed (${code || (error as Error).message})` };
		}
	}

	async #system(): Promise<LookupAnswer | null> {
		const { name, family } = this.#options;
		const found = await lookup(name, { all: true, family: family === 'any' ? 0 : family }).catch(() => []);
		if (found.length === 0) return null;
		const of = (wanted: number) => ({
			...NONE,
			addresses: [...new Set(found.filter((each) => each.family === wanted).map((each) => each.address))],
		});
		return { v4: of(4), v6: of(6) };
	}
}
