import type { Fields } from '../wire/head.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import type { CdnLifetime, CdnPolicy } from './cdn-policy.ts';
import type { HeaderPolicy } from './config.ts';
import { compileEdits, type FieldEdits } from './field-edits.ts';

/** What of a request its answer's lifetime depends on. */
export interface CdnRequest {
	readonly method: string;
	/** It has an `Authorization`. */
	readonly credential: boolean;
	/** Ballast sets a cookie itself. */
	readonly cookie: boolean;
}

/** Fields that say how long an answer may be kept. */
const LIFETIME_FIELDS = ['cache-control', 'cdn-cache-control', 'surrogate-control', 'expires'] as const;
const REMOVED = [...LIFETIME_FIELDS, 'pragma'];
/** `Surrogate-Key` parts its tags by blanks, `Cache-Tag` by commas. */
const TAG_FIELDS = ['surrogate-key', 'cache-tag'] as const;
/** Cloudflare takes 16 KiB of tags; what is over it would be cut in the middle of one. */
const MOST_TAGS = 16_000;

/** What is written into a route's answers for a CDN in front: chosen for each answer among edits that are ready. */
export class CdnFields {
	readonly #lifetime: CdnLifetime | null;
	readonly #statuses: ReadonlySet<number>;
	readonly #tags: CdnPolicy['tags'];
	readonly #plain: FieldEdits;
	readonly #timed: FieldEdits;

	/** @param own the route's edits of answers: what they set themselves holds */
	constructor(policy: CdnPolicy, own: HeaderPolicy) {
		const { lifetime, tags } = policy;
		const said = own.set.some(([name]) => (LIFETIME_FIELDS as readonly string[]).includes(name.toLowerCase()));
		this.#lifetime = said ? null : lifetime;
		this.#statuses = new Set(lifetime?.statuses);
		this.#tags = tags;
		const hidden = tags === 'pass' ? [] : TAG_FIELDS;
		this.#plain = edits({ ...own, remove: [...own.remove, ...hidden] });
		const set = lifetime === null ? [] : linesOf(lifetime);
		this.#timed = edits({ set: [...own.set, ...set], remove: [...own.remove, ...hidden, ...REMOVED] });
	}

	/** The edits of an answer. */
	edits(request: CdnRequest, head: ResponseHead, bytes: Uint8Array): FieldEdits {
		const chosen = this.#mayWrite(request, head, bytes) ? this.#timed : this.#plain;
		if (this.#tags !== 'Cache-Tag' && this.#tags !== 'Surrogate-Key') return chosen;
		const line = tagLine(this.#tags, head.fields, bytes);
		return line === '' ? chosen : { ...chosen, added: Buffer.concat([chosen.added, Buffer.from(line, 'latin1')]) };
	}

	/** Never for what is of one client only (RFC 9111 §3.5, §7.3), whatever the policy says. */
	#mayWrite({ method, credential, cookie }: CdnRequest, { status, fields }: ResponseHead, bytes: Uint8Array): boolean {
		const lifetime = this.#lifetime;
		if (lifetime === null || credential || cookie || !this.#statuses.has(status)) return false;
		if (method !== 'GET' && method !== 'HEAD') return false;
		if (fields.find(bytes, 'set-cookie') >= 0) return false;
		if (!lifetime.override) return LIFETIME_FIELDS.every((name) => fields.find(bytes, name) < 0);
		return ['cache-control', 'cdn-cache-control'].every(
			(name) => !/(?:^|[,\s])(?:private|no-store)(?:$|[,\s=])/i.test(fields.list(bytes, name) ?? ''),
		);
	}
}

const edits = (policy: HeaderPolicy): FieldEdits =>
	compileEdits(policy) ?? { removed: new Set<string>(), added: Buffer.alloc(0) };

/** The lines that say the lifetime; the browser's is always said, since it reads nothing else. */
function linesOf({
	maxAge,
	browserMaxAge,
	staleWhileRevalidate,
	staleIfError,
	field,
}: CdnLifetime): [string, string][] {
	const stale = [
		...(staleWhileRevalidate === null ? [] : [`stale-while-revalidate=${staleWhileRevalidate}`]),
		...(staleIfError === null ? [] : [`stale-if-error=${staleIfError}`]),
	];
	if (field === 's-maxage')
		return [['Cache-Control', [`max-age=${browserMaxAge}`, `s-maxage=${maxAge}`, ...stale].join(', ')]];
	return [
		['Cache-Control', `max-age=${browserMaxAge}`],
		[field, [`max-age=${maxAge}`, ...stale].join(', ')],
	];
}

/** The tags of both fields as the one that the CDN knows; '' where there are none. */
function tagLine(field: 'Cache-Tag' | 'Surrogate-Key', fields: Fields, bytes: Uint8Array): string {
	// A blank within a tag of Cache-Tag cannot be said in the other one: it parts it.
	const all = TAG_FIELDS.flatMap((name) => (fields.list(bytes, name) ?? '').split(/[\s,]+/)).filter(
		(tag) => tag !== '',
	);
	const parting = field === 'Cache-Tag' ? ',' : ' ';
	let value = '';
	for (const tag of new Set(all)) {
		if (value.length + tag.length + 1 > MOST_TAGS) break;
		value += value === '' ? tag : parting + tag;
	}
	return value === '' ? '' : `${field}: ${value}\r\n`;
}
