/** What is kept beside accounts and videos. Moments are simulated milliseconds since 1970. */
import type { ErrorCode } from './api-error.ts';
import type { Video } from './videos.ts';

/** The first answer to an Idempotency-Key. */
export interface KeyRecord {
	atMs: number;
	status: number;
	body: unknown;
}

/** Why an item of a batch failed. */
export interface Failure {
	code: string;
	message: string;
}

/** Up to 100 jobs of one request. */
export interface Batch {
	batchId: string;
	account: string;
	kind: Video['kind'];
	title: string | null;
	folderId: string | null;
	callbackUrl: string | null;
	createdAtMs: number;
	items: { videoId: string | null; error: Failure | null }[];
	told: boolean;
}

/** A URL that is subscribed to events. */
export interface Endpoint {
	endpointId: string;
	account: string;
	url: string;
	/** null: all. */
	events: string[] | null;
	status: 'enabled' | 'disabled';
	createdAtMs: number;
	secret: string;
	ordinal: number;
}

/** Something that was to be told. */
export interface Event {
	eventId: string;
	account: string;
	eventType: string;
	eventData: Record<string, unknown>;
	createdAtMs: number;
	ordinal: number;
}

/** An uploaded file, without its bytes. */
export interface Asset {
	assetId: string;
	account: string;
	name: string;
	mimeType: string;
	sizeBytes: number;
	createdAtMs: number;
}

/** One event for one receiver; for the ledger. */
export interface Delivery {
	eventId: string;
	eventType: string;
	url: string;
	/** null: a `callback_url`. */
	endpointId: string | null;
	/** `given up`: after 24 h of attempts, or because its endpoint was removed. */
	state: 'waiting' | 'lost' | 'delivered' | 'given up' | 'forgotten';
	/** Times it was posted. */
	attempts: number;
	/** What the last one got: a status, or why it got none; null: it is under way. */
	last: string | null;
}

/** Errors that a test has ordered: the next so many calls of that kind fail. */
export interface Order {
	code: ErrorCode;
	/** null: any. */
	method: string | null;
	path: string | null;
	times: number;
}
