/** What must not stand in a log: secrets and personal data, by their names and by their looks. */
import type { AccessEntry } from '../core/access-entry.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { GuardedPatterns, REDACTED } from './guarded-patterns.ts';

/** In the query of an address: the value of these is a secret; what ends in `_token`, `-secret` and so on, too. */
const QUERY_KEY =
	/(?:^|[_.-])(?:tokens?|key|apikey|secret|passw(?:or)?d|pwd|pass|signature|sig|code|auth|authorization|session|sessionid|sid|jwt|assertion|credentials?|otp|pin|email|e-mail|x-amz-credential|hmac|hash)$/i;
/** In free text `code` and `key` mean too much. */
const NAMED =
	/(?<![\w-])((?:\w+[_-])?(?:api[_-]?key|(?:access|private|secret|signing|encryption)[_-]?key|token|secret|passw(?:or)?d|pwd|passphrase|signature|client[_-]?secret|credentials?)["']?\s{0,3}[=:]\s{0,3}["']?)([^\s"'&,;)}\]]+)/gi;
const NAMED_GATE = /token|secret|passw|pwd|passphrase|signature|key|credential/i;
/** Fields of headers, as they are printed: all until the end of the line or the closing quote. */
const HEADER =
	/(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie2?|x-(?:api-key|auth-token|csrf-token|amz-security-token))(["']?\s{0,3}[:=]\s{0,3}["']?)([^\r\n"']+)/gi;
const HEADER_GATE = /authorization|cookie|x-/i;
const SCHEME = /(?<![\w-])(bearer|basic|token|digest|apikey)(\s{1,3})([\w.~+/=-]{6,})/gi;
const SCHEME_GATE = /bearer|basic|digest|token|apikey/i;
const JWT = /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g;
/** Of GitHub, GitLab, Slack, AWS, Stripe, Google and npm, by how they begin; each beginning is met once, so the time is linear. */
const TOKEN =
	/(?<![A-Za-z0-9])(?:gh[opusr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(?:xox[a-z]|xapp)-[\w.-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])|[prs]k_(?:live|test)_\w{8,}|whsec_[\w+=]{16,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{30,})/g;
const TOKEN_GATE = /gh[opusr]_|github_pat_|glpat-|xox[a-z]-|xapp-|A[KS]IA|k_(?:live|test)_|whsec_|AIza|npm_/;
const EMAIL = /(?<![\w.+%-])[\w.+%-]{1,64}(?:@|%40)(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])/gi;
const CARD = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])/g;
const CARD_GATE = /\d(?:[ -]?\d){12}/;
/** A query within free text or within a path. */
const IN_QUERY = /([?&;])([\w.%[\]-]{1,64})=([^&;\s"'<>]+)/g;
/** `postgres://user:password@host`. */
const USERINFO = /(:\/\/[^\s:@/?#"'<>]{0,128}:)[^\s@/"'<>]{1,256}(?=@[\w[])/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)/g;

/** Names of fields of a line whose values are secrets. */
const FIELD =
	/(?:^|[._-])(?:authorization|(?:set-)?cookies?|api[_-]?key|(?:access|private|secret)[_-]?key|token|secret|passw(?:or)?d|pwd|passphrase|credentials?|(?:access|refresh|id|auth|csrf)token|signature|x-api-key)$/i;

export interface RedactOptions {
	/** Regular expressions, checked by `core/pattern.ts`; what fits is replaced. */
	patterns: readonly string[];
	/** More names whose values are secrets, in queries and fields. */
	keys: readonly string[];
}

const MOST_NAMES = 2000;

/** Redacts entries in place. */
export class Redactor {
	readonly #patterns: GuardedPatterns;
	readonly #keys: ReadonlySet<string>;
	/** Whether names that were met are those of secrets. */
	readonly #names = new Map<string, boolean>();

	constructor({ patterns, keys }: RedactOptions) {
		this.#patterns = new GuardedPatterns(patterns);
		this.#keys = new Set(keys.map((name) => name.toLowerCase()));
	}

	/** Texts that were withheld, since a configured pattern took too long on them. */
	get withheld(): number {
		return this.#patterns.withheld;
	}

	/** Path, query and user agent of requests. */
	access(entries: readonly AccessEntry[]): void {
		for (const entry of entries) {
			if (entry.query !== '') entry.query = this.query(entry.query);
			entry.path = this.path(entry.path);
			entry.userAgent = this.userAgent(entry.userAgent);
		}
		if (this.#patterns.count === 0) return;
		const texts = this.#patterns.replace(entries.flatMap(({ path, query, userAgent }) => [path, query, userAgent]));
		entries.forEach((entry, at) => {
			[entry.path, entry.query, entry.userAgent] = texts.slice(at * 3, at * 3 + 3) as [string, string, string];
		});
	}

	/** Patterns of the configuration are looked for in every text. */
	get hasPatterns(): boolean {
		return this.#patterns.count > 0;
	}

	path(text: string): string {
		return MAYBE_IN_PATH.test(text) ? this.text(text) : text;
	}

	userAgent(text: string): string {
		return MAYBE_IN_AGENT.test(text) ? this.text(text) : text;
	}

	/** Messages and fields of lines; the entries are new ones where something was replaced. */
	entries(entries: readonly LogEntry[]): LogEntry[] {
		const clean = entries.map((entry) => {
			const message = this.text(entry.message);
			const fields = this.#fields(entry.fields);
			return message === entry.message && fields === entry.fields ? entry : { ...entry, message, fields };
		});
		if (this.#patterns.count === 0) return clean;
		const texts = clean.flatMap((entry) => [entry.message, ...stringsOf(entry)]);
		const replaced = this.#patterns.replace(texts).values();
		const next = () => replaced.next().value as string;
		return clean.map((entry) => ({
			...entry,
			message: next(),
			fields: Object.fromEntries(
				Object.entries(entry.fields).map(([name, value]) => [name, typeof value === 'string' ? next() : value]),
			),
		}));
	}

	#fields(fields: LogEntry['fields']): LogEntry['fields'] {
		let changed: Record<string, string | number | boolean> | null = null;
		for (const name in fields) {
			const value = fields[name] as string | number | boolean;
			const secret = FIELD.test(name) || this.#keys.has(name.toLowerCase());
			if (typeof value !== 'string' && !secret) continue;
			const clean = secret ? REDACTED : name === 'url.query' ? this.query(String(value)) : this.text(String(value));
			if (clean !== value) (changed ??= { ...fields })[name] = clean;
		}
		return changed ?? fields;
	}

	/** The query of an address, without the `?`. Names stay, values of secrets go. */
	query(query: string): string {
		let clean = '';
		for (let from = 0; from < query.length; ) {
			const end = endOfPair(query, from);
			const pair = query.slice(from, end);
			const equals = pair.indexOf('=');
			if (equals > 0 && equals < pair.length - 1 && this.#isSecret(pair.slice(0, equals)))
				clean += `${pair.slice(0, equals)}=${REDACTED}`;
			else clean += this.text(pair);
			clean += query.slice(end, end + 1);
			from = end + 1;
		}
		return clean;
	}

	/** Names come again and again; who makes up new ones cannot fill the memory. */
	#isSecret(written: string): boolean {
		if (written.length > 256) return true;
		let known = this.#names.get(written);
		if (known !== undefined) return known;
		known = this.#namesSecret(written);
		if (this.#names.size >= MOST_NAMES) this.#names.clear();
		this.#names.set(written, known);
		return known;
	}

	#namesSecret(written: string): boolean {
		const name = written.includes('%') ? decoded(written) : written;
		// `user[password]` and `filter.token` too.
		const last = name.replace(/\]$/, '').replace(/^.*[[]/, '');
		return QUERY_KEY.test(last) || this.#keys.has(last.toLowerCase()) || SECRET_CAMEL.test(last);
	}

	/** Free text. */
	text(text: string): string {
		if (text.length < 6) return text;
		let clean = text;
		if (clean.includes('PRIVATE KEY')) clean = clean.replace(PRIVATE_KEY, REDACTED);
		if (clean.includes('://') && clean.includes('@')) clean = clean.replace(USERINFO, `$1${REDACTED}`);
		if (HEADER_GATE.test(clean)) clean = clean.replace(HEADER, (_, name, between) => `${name}${between}${REDACTED}`);
		if (SCHEME_GATE.test(clean)) clean = clean.replace(SCHEME, bearer);
		if (clean.includes('eyJ')) clean = clean.replace(JWT, REDACTED);
		if (TOKEN_GATE.test(clean)) clean = clean.replace(TOKEN, REDACTED);
		if (NAMED_GATE.test(clean)) clean = clean.replace(NAMED, (_, name) => `${name}${REDACTED}`);
		if (clean.includes('=') && /[?&]/.test(clean))
			clean = clean.replace(IN_QUERY, (whole, mark, name, value) =>
				value !== REDACTED && this.#isSecret(name) ? `${mark}${name}=${REDACTED}` : whole,
			);
		if (clean.includes('@') || clean.includes('%40')) clean = clean.replace(EMAIL, REDACTED);
		return CARD_GATE.test(clean) ? clean.replace(CARD, (found) => (isCard(found) ? REDACTED : found)) : clean;
	}
}

const MAYBE_IN_AGENT =
	/[@=]|eyJ|bearer|basic|token|secret|passw|key|gh[opusr]_|_pat_|glpat-|xox[a-z]-|xapp-|a[ks]ia|k_(?:live|test)_|whsec_|aiza|npm_/i;
const MAYBE_IN_PATH =
	/@|%40|eyJ|=|\d(?:[ -]?\d){12}|gh[opusr]_|_pat_|glpat-|xox[a-z]-|xapp-|A[KS]IA|k_(?:live|test)_|whsec_|AIza|npm_/;
/** `accessToken`, `apiKey`, `newPassword`. */
const SECRET_CAMEL = /[a-z](?:Token|Key|Secret|Password|Signature|Code)$/;

const stringsOf = ({ fields }: LogEntry): string[] =>
	Object.values(fields).filter((value) => typeof value === 'string');

function endOfPair(query: string, from: number): number {
	for (let at = from; at < query.length; at++) if (query[at] === '&' || query[at] === ';') return at;
	return query.length;
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** What follows `bearer` in a sentence. */
const PROSE =
	/^(?:auth|authenticat\w+|authori[sz]\w+|credentials?|tokens?|schemes?|headers?|challenges?|required|expected|missing|failed|failure|invalid|expired|rejected|refused|accepted|realm|without|cannot|should|security|support\w*)\W*$/i;

/** `Basic authentication failed` is none; of `bearer` whatever is no word of such a sentence is one. */
function bearer(whole: string, scheme: string, space: string, token: string): string {
	const isToken =
		(token.length >= 8 && /[\d=]/.test(token)) ||
		token.length >= 20 ||
		(/^bearer$/i.test(scheme) && !PROSE.test(token));
	return isToken ? `${scheme}${space}${REDACTED}` : whole;
}

/** 13 to 19 digits with the check digit of ISO/IEC 7812 (Luhn). */
function isCard(text: string): boolean {
	const digits = text.replace(/\D/g, '');
	// Times in ms and the like start with 1; cards with 2 to 6.
	if (digits.length > 19 || !/^[2-6]/.test(digits)) return false;
	let sum = 0;
	for (let at = 0; at < digits.length; at++) {
		const digit = Number(digits[digits.length - 1 - at]);
		const value = at % 2 === 1 ? digit * 2 : digit;
		sum += value > 9 ? value - 9 : value;
	}
	return sum % 10 === 0;
}
