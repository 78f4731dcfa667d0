import { promises as dns, type LookupAddress } from 'node:dns';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { hostOf, REFUSALS, type WebhookJudge, type WebhookRefusal } from './webhook-rules.ts';

/** What of an answer is read, bytes: it is of no use, but who is cut off in the midst of it may take that for a fault. */
const READ_MOST = 16_384;
const HEAD_MOST = 16_384;

export interface WebhookCall {
	/** Judged once more, as if never before. */
	url: string;
	headers: Readonly<Record<string, string>>;
	body: string;
	/** Most time for all of it, name look-up included, ms. */
	waitMs: number;
}

export type WebhookAnswer =
	| { kind: 'answered'; status: number; retryAfter: string | undefined }
	| { kind: 'refused'; reason: WebhookRefusal }
	/** `why`: for people, without the URL, which may be a secret. */
	| { kind: 'failed'; why: string };

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

const bySystem: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true });

export class Refused extends Error {
	readonly reason: WebhookRefusal;

	constructor(reason: WebhookRefusal) {
		super(REFUSALS[reason]);
		this.reason = reason;
	}
}

/**
 * One call of somebody else's URL. The name is looked up once, all its addresses are judged, and one of them is what is
 * connected to: there is no second look-up that could tell another. Neither redirects nor proxies are followed.
 */
export function callWebhook(
	call: WebhookCall,
	judge: WebhookJudge,
	resolve: Resolve = bySystem,
): Promise<WebhookAnswer> {
	const url = judge.url(call.url);
	if (!(url instanceof URL)) return Promise.resolve({ kind: 'refused', reason: url });
	const { promise, resolve: settle } = Promise.withResolvers<WebhookAnswer>();
	const request = requestOf(url, call, judgedLookup(hostOf(url), judge, resolve));
	const late = setTimeout(() => request.destroy(new Error('did not answer in time')), call.waitMs);
	const end = (answer: WebhookAnswer): void => {
		clearTimeout(late);
		request.destroy();
		settle(answer);
	};
	request.once('response', (answer) => read(answer, end));
	// Nothing but an answer ends it well: who would switch protocols is not followed.
	request.once('upgrade', () => end({ kind: 'failed', why: 'wants to switch protocols' }));
	request.on('error', (error) =>
		end(error instanceof Refused ? { kind: 'refused', reason: error.reason } : { kind: 'failed', why: whyOf(error) }),
	);
	request.once('close', () => end({ kind: 'failed', why: 'closed the connection without an answer' }));
	request.end(call.body);
	return promise;
}

function requestOf(url: URL, { headers, body }: WebhookCall, lookup: LookupFunction): ClientRequest {
	const secure = url.protocol === 'https:';
	// Agents of our own, without a proxy of the environment, and a connection for each call: another one's was judged then.
	const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
	const options = {
		method: 'POST',
		agent,
		lookup,
		// Whatever the environment says of that.
		rejectUnauthorized: true,
		maxHeaderSize: HEAD_MOST,
		headers: {
			'content-type': 'application/json',
			'content-length': Buffer.byteLength(body),
			'user-agent': 'ballast',
			...headers,
		},
	};
	return secure ? requestHttps(url, options) : requestHttp(url, options);
}

/** Of a literal address nobody asks this; it was judged with its URL. */
export function judgedLookup(host: string, judge: WebhookJudge, resolve: Resolve): LookupFunction {
	return (_name, options, done) => {
		resolve(host).then(
			(found) => {
				const reason = found.map(({ address }) => judge.address(address, host)).find((kind) => kind !== null);
				// One bad address among good ones is no slip.
				if (reason != null) done(new Refused(reason), '', 0);
				else if (found[0] === undefined) done(new Error('has no address'), '', 0);
				else if (options.all === true) done(null, found);
				else done(null, found[0].address, found[0].family);
			},
			(error: NodeJS.ErrnoException) => done(error, '', 0),
		);
	};
}

function read(answer: IncomingMessage, end: (answer: WebhookAnswer) => void): void {
	const { statusCode = 0, headers } = answer;
	const over = (): void => end({ kind: 'answered', status: statusCode, retryAfter: headers['retry-after'] });
	let bytes = 0;
	answer.on('data', (piece: Buffer) => {
		bytes += piece.length;
		if (bytes > READ_MOST) over();
	});
	answer.once('end', over);
	// It said what it said, whatever becomes of the rest.
	answer.once('error', over);
	answer.once('close', over);
}

/** Codes only: messages hold addresses and names. */
function whyOf(error: Error): string {
	const { code } = error as NodeJS.ErrnoException;
	return code === undefined ? safe(error.message) : `cannot be reached (${code})`;
}

const SAID: ReadonlySet<string> = new Set(['did not answer in time', 'has no address']);
const safe = (message: string): string => (SAID.has(message) ? message : 'cannot be reached');
