import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FoundMedia, MediaFault, type MediaTarget, type OpenMedia, type S3Place } from './media-policy.ts';
import { encodePath, presign, signCall } from './sigv4.ts';

/** Silence after which a call is given up, ms. */
const SILENT_MS = 60_000;
const PRESIGNED_S = 3600;
/** How long it is known without a question that a copy is there, ms, and of how many. */
const KNOWN_MS = 300_000;
const KNOWN_MOST = 10_000;

/** Copies in a bucket of S3, or of a store that speaks like it. How long they are kept is the bucket's to say. */
export class S3Target implements MediaTarget {
	readonly #place: S3Place;
	readonly #nowMs: () => number;
	readonly #known = new Map<string, number>();

	/** `nowMs`: of the wall clock, by which calls are signed. */
	constructor(place: S3Place, nowMs: () => number = Date.now) {
		this.#place = place;
		this.#nowMs = nowMs;
	}

	async put(name: string, media: OpenMedia): Promise<void> {
		if (media.length === null) throw new MediaFault('its length is not told, which S3 needs', true);
		const headers = { 'content-length': `${media.length}`, 'content-type': media.type || 'application/octet-stream' };
		const { request, answered } = this.#call('PUT', name, headers);
		try {
			const [status] = await Promise.all([answered, pipeline(Readable.from(media.bytes), request)]);
			if (status !== 200) throw new MediaFault(`S3 answered ${status}`);
		} catch (error) {
			// Who refuses it ends the upload, too: its answer says more.
			const status = await answered.catch(() => 0);
			if (status >= 300) throw new MediaFault(`S3 answered ${status}`);
			throw error instanceof MediaFault ? error : new MediaFault(whyOf(error));
		} finally {
			request.destroy();
		}
		this.#note(name);
	}

	async find(name: string): Promise<FoundMedia | null> {
		if (!((this.#known.get(name) ?? 0) > this.#nowMs())) {
			const { request, answered } = this.#call('HEAD', name, {});
			request.end();
			const status = await answered.catch(() => 0);
			request.destroy();
			if (status !== 200) return null;
			this.#note(name);
		}
		const url = presign(this.#urlOf(name), { nowMs: this.#nowMs(), forS: PRESIGNED_S }, this.#place);
		return { kind: 'url', url };
	}

	async sweep(): Promise<void> {}

	#note(name: string): void {
		this.#known.delete(name);
		this.#known.set(name, this.#nowMs() + KNOWN_MS);
		for (const oldest of this.#known.keys()) {
			if (this.#known.size <= KNOWN_MOST) break;
			this.#known.delete(oldest);
		}
	}

	#urlOf(name: string): URL {
		const { bucket, region, endpoint, prefix } = this.#place;
		const key = encodePath(`/${prefix}${name}`);
		// A dot in the name of a bucket fits no certificate.
		if (endpoint !== null || bucket.includes('.'))
			return new URL(`${endpoint ?? `https://s3.${region}.amazonaws.com`}/${bucket}${key}`);
		return new URL(`https://${bucket}.s3.${region}.amazonaws.com${key}`);
	}

	#call(
		method: string,
		name: string,
		headers: Record<string, string>,
	): { request: ClientRequest; answered: Promise<number> } {
		const url = this.#urlOf(name);
		const signed = signCall({ method, url, headers, nowMs: this.#nowMs() }, this.#place);
		const open = url.protocol === 'https:' ? requestHttps : requestHttp;
		const request = open(url, { method, headers: signed, timeout: SILENT_MS });
		request.once('timeout', () => request.destroy(new MediaFault('S3 was silent for 60 s')));
		const answered = new Promise<number>((resolve, reject) => {
			request.once('response', (answer: IncomingMessage) => {
				answer.on('error', () => {}).resume();
				resolve(answer.statusCode ?? 0);
			});
			request.on('error', reject);
			request.once('close', () => reject(new MediaFault('S3 closed the connection')));
		});
		// It is looked at where it is of use.
		answered.catch(() => {});
		return { request, answered };
	}
}

const whyOf = (error: unknown): string =>
	`S3 cannot be reached (${(error as NodeJS.ErrnoException).code ?? 'it broke off'})`;
