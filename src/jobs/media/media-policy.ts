import type { WebhookRules } from '../webhooks/webhook-rules.ts';

/** Where what came of a job is copied to, resolved. Plain data: it is sent to threads. */
export interface MediaPolicy {
	to: { kind: 'disk'; folder: string } | S3Place;
	/** Largest file, bytes; a larger one stays where it is. */
	mostBytes: number;
	/** In a folder: how long a copy is kept, ms, and how many bytes all of them may have. */
	keepMs: number;
	roomBytes: number;
	/** Where files may come from. */
	rules: WebhookRules;
}

export interface S3Place {
	kind: 's3';
	bucket: string;
	region: string;
	/** Of another store than that of AWS, without a slash at its end; null: AWS. */
	endpoint: string | null;
	/** What names of copies begin with. */
	prefix: string;
	accessKeyId: string;
	/** Secret. */
	secretAccessKey: string;
}

/** A file on its way. */
export interface OpenMedia {
	/** Fails where it breaks off, or is too large. */
	bytes: AsyncIterable<Uint8Array>;
	/** null: it is not told. */
	length: number | null;
	type: string;
	close(): void;
}

/** Where a copy is. */
export type FoundMedia =
	| {
			kind: 'file';
			path: string;
			/** Of the plain text. */
			bytes: number;
			type: string;
			/** When it was written, epoch ms. */
			changedMs: number;
			/** What it is sealed as; null: it lies in the clear. */
			sealedAs: string | null;
	  }
	/** It works for an hour. */
	| { kind: 'url'; url: string };

export interface MediaTarget {
	/** Whole, or not at all. @throws Error whose message is for people, without URLs */
	put(name: string, media: OpenMedia): Promise<void>;
	/** null: there is no such copy. */
	find(name: string): Promise<FoundMedia | null>;
	/** Copies whose time is over, and the oldest of too many, are removed. */
	sweep(nowMs: number): Promise<void>;
}

/** Why a file is not copied; the message is for people. */
export class MediaFault extends Error {
	/** A repeat would bring the same. */
	readonly final: boolean;

	constructor(message: string, final = false) {
		super(message);
		this.final = final;
	}
}
