import type { WebhookJudge } from '../../jobs/webhooks/webhook-rules.ts';
import type { BodyFiles } from './body-spool.ts';
import type { JobFiles } from './give-result.ts';
import type { JobsClient } from './jobs-client.ts';
import type { StreamRoom } from './stream-room.ts';

/** What all that has to do with jobs shares in a worker. */
export interface OffloadParts {
	jobs: JobsClient;
	files: BodyFiles & JobFiles;
	/** Where jobs are asked about. */
	path: string;
	/** Which webhooks may be named, and whether one to a host could be signed; null: none. */
	webhooks: { judge: WebhookJudge; signs(host: string): boolean } | null;
	/** Streams of events of this worker at once, and those that are open. */
	streamsMost: number;
	readonly streams: StreamRoom;
	/** Requests whose bodies are being stored now. */
	storing: number;
}

/** Requests of a worker that are being stored at once; each holds as much memory as a `BodySpool` may. */
export const STORING_MOST = 256;
