import type { Job, JobState } from '../job.ts';
import type { Notice } from '../notice-store.ts';

/** What a job keeps of who is told. */
export const writeNotify = (url: string): Uint8Array => Buffer.from(JSON.stringify({ version: 1, webhook: url }));

/** null: it was not `writeNotify` that wrote it. */
export function readNotify(notify: Uint8Array | null): string | null {
	try {
		const { webhook } = JSON.parse(Buffer.from(notify ?? []).toString('utf8')) as { webhook?: unknown };
		return typeof webhook === 'string' ? webhook : null;
	} catch {
		return null;
	}
}

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
		/** Where it is asked about, below the address that the receiver knows. */
		location: string;
		/** Where the stored answer is; null: there is none. */
		result: string | null;
		/** Status of the API's answer; null: there is none. */
		status: number | null;
		attempts: number;
		error: { code: string; message: string } | null;
	};
}

/** The body: thin, so that what is to be kept secret is fetched by who may see it. `path`: where jobs are asked about. */
export function webhookMessage(job: Job, path: string, status: number | null): WebhookMessage {
	const { id, attempts, error } = job;
	const state = job.state as Ended;
	const location = `${path}/${id}`;
	return {
		type: `job.${state}`,
		timestamp: new Date(job.endedMs ?? 0).toISOString(),
		data: {
			id,
			state,
			location,
			result: job.result === null ? null : `${location}/result`,
			status: status ?? error?.status ?? null,
			attempts,
			error: error === null ? null : { code: error.code, message: error.message },
		},
	};
}
