/** What answers of an upstream that is asynchronous itself say. Pure. */

import { joinIds } from './external-ids.ts';
import type { CodePolicy, ExternalPolicy, StatusPolicy } from './external-policy.ts';
import { pointed, textAt } from './json-pointer.ts';

export interface SeenStatus {
	state: 'going' | 'done' | 'failed' | 'unknown';
	code: string | null;
	message: string | null;
	/** 0 to 100; null: it is not told. */
	percent: number | null;
	/** The upstream's own word. */
	word: string;
	/** All that was said of it. */
	item: unknown;
}

/** Jobs that one submission may make. */
const IDS_MOST = 100;
/** Of what is sent on in a path. */
const ID = /^(?!\.{1,2}$)[A-Za-z0-9_.~:-]{1,200}$/;

/** undefined: it is no JSON. */
export function parseJson(bytes: Uint8Array | string): unknown {
	try {
		return JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
	} catch {
		return undefined;
	}
}

/** What the upstream calls the job; several ids as `joinIds` has them; null: it does not say, or nothing that could be asked with. */
export function submittedId(answer: unknown, { id }: Pick<ExternalPolicy, 'id'>): string | null {
	const found = pointed(answer, id);
	const ids = Array.isArray(found) ? found.slice(0, IDS_MOST) : [found];
	const texts = ids.map((one) => textAt(one, ''));
	const usable = texts.length > 0 && texts.every((text) => text !== null && ID.test(text));
	return usable ? joinIds(texts as string[], Array.isArray(found)) : null;
}

/** Of each of these ids that the answer tells of. */
export function readStatuses(answer: unknown, ids: readonly string[], policy: StatusPolicy): Map<string, SeenStatus> {
	const seen = new Map<string, SeenStatus>();
	if (policy.items === null) {
		const [only] = ids;
		if (only !== undefined) seen.set(only, statusOf(answer, policy));
		return seen;
	}
	const items = pointed(answer, policy.items);
	if (!Array.isArray(items)) return seen;
	for (const item of items) {
		const id = textAt(item, policy.id);
		if (id !== null && ids.includes(id)) seen.set(id, statusOf(item, policy));
	}
	return seen;
}

function statusOf(item: unknown, policy: StatusPolicy): SeenStatus {
	const word = textAt(item, policy.state) ?? '';
	const percent = policy.progress === null ? undefined : pointed(item, policy.progress);
	const state = policy.done.includes(word)
		? 'done'
		: policy.failed.includes(word)
			? 'failed'
			: policy.unknown.includes(word) || word === ''
				? 'unknown'
				: 'going';
	return {
		state,
		word,
		item,
		code: textAt(item, policy.code),
		message: textAt(item, policy.message),
		percent: typeof percent === 'number' && percent >= 0 && percent <= 100 ? percent : null,
	};
}

/** Of a job with several ids: done once all are, failed as soon as all have ended and one failed. */
export function together(statuses: readonly SeenStatus[]): SeenStatus {
	const [first] = statuses;
	const going = statuses.find(({ state }) => state === 'going');
	const found =
		going ??
		statuses.find(({ state }) => state === 'unknown') ??
		statuses.find(({ state }) => state === 'failed') ??
		first;
	const told = statuses.map(({ percent, state }) => (state === 'done' ? 100 : percent));
	const known = told.filter((percent) => percent !== null);
	const percent = known.length === 0 ? null : Math.floor(known.reduce((sum, one) => sum + one, 0) / statuses.length);
	return { ...(found ?? { state: 'unknown', code: null, message: null, word: '', item: null }), percent };
}

export interface ReadCode {
	code: string;
	message: string | null;
	/** null: by its status, as any. */
	retried: boolean | null;
}

/** What an answer calls its error; null: nothing. */
export function readCode(answer: unknown, policy: CodePolicy): ReadCode | null {
	const code = textAt(answer, policy.code);
	if (code === null) return null;
	const retried = policy.fail.includes(code) ? false : policy.retry.includes(code) ? true : null;
	return { code, message: textAt(answer, policy.message), retried };
}

/** Whether a word is among these; see `WebhookPolicy.done`. */
export function isAmong(word: string, words: readonly string[]): boolean {
	return words.some((one) =>
		one.startsWith('*')
			? word.endsWith(one.slice(1))
			: one.endsWith('*')
				? word.startsWith(one.slice(0, -1))
				: word === one,
	);
}
