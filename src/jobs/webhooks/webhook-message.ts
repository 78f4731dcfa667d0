import { hashOf } from '../idempotency.ts';
import type { Job, JobState } from '../job.ts';
import type { Notice } from '../notice-store.ts';

/** Who is told of a job's end. */
export interface Told {
	url: string;
	/** The client named it; otherwise the configuration did. */
	asked: boolean;
}

/** What a job keeps of who is told. */
export const writeNotify = ({ url, asked }: Told): Uint8Array =>
	Buffer.from(JSON.stringify({ version: 1, webhook: url, asked }));

/** null: it was not `writeNotify` that wrote it. */
export function readNotify(notify: Uint8Array | null): Told | null {
	try {
		const { webhook, asked } = JSON.parse(Buffer.from(notify ?? []).toString('utf8')) as Record<string, unknown>;
		return typeof webhook === 'string' ? { url: webhook, asked: asked !== false } : null;
	} catch {
		return null;
	}
}

/** Characters of a receiver's key: 132 bits. */
const KEY_LENGTH = 22;

/** A receiver as the store knows it: of one whom a client named each owner's own, so that nobody turns off another's. */
export const receiverKey = (owner: string, { url, asked }: Told): string =>
	hashOf(asked ? `client ${owner}` : 'configured', url).slice(0, KEY_LENGTH);

/** The same for all tries. */
export const webhookId = ({ job, version }: Notice): string => `msg_${job.id}_${version}`;

type Ended = Extract<JobState, 'succeeded' | 'failed' | 'cancelled' | 'expired'>;

export interface WebhookMessage {
	type: `job.${Ended}`;
	/** When it ended. */
	timestamp: string;
	data: {
		id: string;
		state: Ended;
		/** Where it is asked about, below the address that the receiver knows; null: nowhere. */
		location: string | null;
		/** Where the stored answer is; null: there is none. */
		result: string | null;
		/** Status of the API's answer; null: there is none. */
		status: number | null;
		attempts: number;
		error: { code: string; message: string } | null;
	};
}

/** The body: thin, so that what is to be kept secret is fetched by who may see it. `path`: where jobs are asked about; null: nowhere. */
export function webhookMessage(job: Job, path: string | null, status: number | null): WebhookMessage {
	const { id, attempts, error } = job;
	const state = job.state as Ended;
	const location = path === null ? null : `${path}/${id}`;
	return {
		type: `job.${state}`,
		timestamp: new Date(job.endedMs ?? 0).toISOString(),
		data: {
			id,
			state,
			location,
			result: job.result === null || location === null ? null : `${location}/result`,
			status: status ?? error?.status ?? null,
			attempts,
			error: error === null ? null : { code: error.code, message: error.message },
		},
	};
}
