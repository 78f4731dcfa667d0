/** Upstreams that are asynchronous themselves, and the places there. */
import { parseDuration } from '../core/units.ts';
import { complainOfFieldName, complainOfFieldValue } from '../gateway/config-syntax.ts';
import type { CodesInput, ExternalInput, LanesInput } from '../jobs/external/external-config.ts';
import type {
	CodePolicy,
	ExternalPolicy,
	LanePolicy,
	PollPolicy,
	ReconcilePolicy,
	SignaturePolicy,
	WebhookPolicy,
} from '../jobs/external/external-policy.ts';
import { resolveMedia } from './resolve-media.ts';
import type { Place } from './scope.ts';

type Said = Exclude<ExternalInput, 'off' | boolean>;

export const POLL: PollPolicy = {
	steps: [
		{ untilMs: 120_000, everyMs: 10_000 },
		{ untilMs: 300_000, everyMs: 30_000 },
		{ untilMs: Number.MAX_SAFE_INTEGER, everyMs: 60_000 },
	],
	heardMs: 120_000,
};

const ms = (input: string | undefined, otherwise: number): number =>
	input === undefined ? otherwise : (parseDuration(input) ?? otherwise);

export function resolveExternal(input: ExternalInput, place: Place): ExternalPolicy | null {
	if (typeof input !== 'object') return null;
	const { id, status = {}, poll, result, webhook, reconcile, cancel, limit } = input;
	const at = place.at('status');
	const path = needed(status.path, '`path`, where the upstream is asked', at);
	const bulk = path.includes('{ids}');
	if (bulk && status.items === undefined)
		at.problem('missing; the answer about several jobs needs `items`, where their list is', { at: 'key' });
	return {
		id: needed(id, '`id`, where the answer names the job', place),
		status: {
			path,
			most: bulk ? (status.most ?? 100) : 1,
			items: status.items ?? null,
			id: status.id ?? '/id',
			state: needed(status.state, '`state`, where the word for it is', at),
			code: status.code ?? null,
			message: status.message ?? null,
			progress: status.progress ?? null,
			done: status.done ?? [needed(undefined, '`done`, the words for success', at)],
			failed: status.failed ?? [needed(undefined, '`failed`, the words for failure', at)],
			unknown: status.unknown ?? [],
		},
		poll: resolvePoll(poll),
		result:
			result === undefined
				? null
				: {
						path: needed(result.path, '`path`, where the result is', place.at('result')),
						ready: result.ready ?? null,
						media: resolveMedia(result.media, place.at('result', 'media')),
						waitMs: ms(result.wait, 30_000),
						freshMs: typeof result.fresh === 'string' && result.fresh !== 'off' ? ms(result.fresh, 0) : 0,
					},
		webhook: webhook === undefined ? null : resolveWebhook(webhook, place.at('webhook')),
		reconcile: reconcile === undefined ? null : resolveReconcile(reconcile),
		cancel: cancel === undefined ? null : { method: cancel.method ?? 'DELETE', path: cancel.path },
		limitMs: typeof limit === 'string' && limit !== 'off' ? ms(limit, 0) : 0,
	};
}

/** A preset may say it; without one it is the person's to say. */
function needed(value: string | undefined, what: string, place: Place): string {
	if (value === undefined) place.problem(`missing; this needs ${what}`, { at: 'key' });
	return value ?? '';
}

const resolveReconcile = (input: NonNullable<Said['reconcile']>): ReconcilePolicy => ({
	...input,
	complete: input.complete ?? false,
	next: input.next ?? null,
	pages: input.pages ?? 50,
});

function resolvePoll(input: Said['poll']): PollPolicy {
	const steps = input?.steps?.map(({ until, every }) => ({
		untilMs: ms(until, Number.MAX_SAFE_INTEGER),
		everyMs: ms(every, 0),
	}));
	return { steps: steps ?? POLL.steps, heardMs: ms(input?.heard, POLL.heardMs) };
}

function resolveWebhook(input: NonNullable<Said['webhook']>, place: Place): WebhookPolicy {
	const { path, signature, eventId, id, jobId, word, done, failed } = input;
	return {
		path,
		signature: signature === undefined ? null : resolveSignature(signature, place.at('signature')),
		eventId: eventId?.toLowerCase() ?? null,
		id,
		jobId: jobId ?? null,
		word,
		done,
		failed,
	};
}

function resolveSignature(
	{ header, format = 'hex', over = 'body', timestamp, secret }: NonNullable<NonNullable<Said['webhook']>['signature']>,
	place: Place,
): SignaturePolicy {
	const references = Array.isArray(secret) ? secret : [secret];
	const at = place.at('secret');
	return {
		header: header.toLowerCase(),
		format,
		over,
		timestamp:
			timestamp === undefined
				? null
				: { header: timestamp.header.toLowerCase(), toleranceMs: ms(timestamp.tolerance, 300_000) },
		secrets: references.flatMap((one, i) => (Array.isArray(secret) ? at.at(i) : at).secret(one) ?? []),
	};
}

/** undefined: nothing is said. */
export function resolveLanes(input: LanesInput | undefined, place: Place): LanePolicy[] | undefined {
	if (input === undefined) return undefined;
	return Object.entries(input).map(([name, { concurrency, headers }]) => {
		const at = place.at(name);
		if (!/^[A-Za-z0-9_-]{1,40}$/.test(name))
			at.problem('expected a name of letters, digits, `-` and `_`, 40 at most', { at: 'key' });
		return { name, concurrency: concurrency ?? 10, headers: resolveFields(headers ?? {}, at.at('headers')) };
	});
}

function resolveFields(
	headers: NonNullable<LanesInput[string]['headers']>,
	place: Place,
): (readonly [string, string])[] {
	return Object.entries(headers).flatMap(([name, value]) => {
		const at = place.at(name);
		const wrong = complainOfFieldName(name);
		if (wrong !== undefined) at.problem(wrong, { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) return [];
		const complaint = complainOfFieldValue(text);
		if (complaint !== undefined) at.problem(complaint, { value: typeof value === 'object' ? '' : text });
		return [[name, text] as const];
	});
}

export const resolveCodes = ({ code, message, retry, fail }: CodesInput): CodePolicy => ({
	code,
	message: message ?? null,
	retry: retry ?? [],
	fail: fail ?? [],
});
