import { promises as dns } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { judgedLookup, Refused, type Resolve } from '../webhooks/call-webhook.ts';
import { hostOf, REFUSALS, type WebhookJudge } from '../webhooks/webhook-rules.ts';
import { MediaFault, type OpenMedia } from './media-policy.ts';

/** Silence after which a file is given up, and most time for all of it, ms. */
const SILENT_MS = 30_000;
const WHOLE_MS = 1_800_000;
const HEAD_MOST = 16_384;

const bySystem: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true });

/**
 * Opens the file behind a URL that an upstream told: judged as URLs of webhooks are, when it is called and when it is
 * connected to. Redirects and proxies are not followed.
 * @throws MediaFault
 */
export function fetchMedia(
	text: string,
	{ judge, mostBytes, resolve = bySystem }: { judge: WebhookJudge; mostBytes: number; resolve?: Resolve },
): Promise<OpenMedia> {
	const url = judge.url(text);
	if (!(url instanceof URL)) return Promise.reject(new MediaFault(`its URL is not called: ${REFUSALS[url]}`, true));
	const secure = url.protocol === 'https:';
	const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
	const options = {
		agent,
		lookup: judgedLookup(hostOf(url), judge, resolve),
		rejectUnauthorized: true,
		maxHeaderSize: HEAD_MOST,
		timeout: SILENT_MS,
		// What is counted and kept is what is sent.
		headers: { 'user-agent': 'ballast', accept: '*/*', 'accept-encoding': 'identity' },
	};
	return new Promise((opened, failed) => {
		const request = secure ? requestHttps(url, options) : requestHttp(url, options);
		const late = setTimeout(() => request.destroy(new MediaFault('it took too long')), WHOLE_MS);
		request.once('timeout', () => request.destroy(new MediaFault('nothing came for 30 s')));
		request.once('close', () => {
			clearTimeout(late);
			failed(new MediaFault('the connection was closed without an answer'));
		});
		// Without this who would switch protocols ends in neither an answer nor an error.
		request.once('upgrade', (_answer, socket) => {
			failed(new MediaFault('it wants to switch protocols', true));
			socket.destroy();
		});
		request.on('error', (error) => failed(faultOf(error)));
		request.once('response', (answer: IncomingMessage) => {
			const media = openMedia(answer, mostBytes);
			if (media instanceof MediaFault) {
				request.destroy();
				failed(media);
			} else opened(media);
		});
		request.end();
	});
}

function openMedia(answer: IncomingMessage, mostBytes: number): OpenMedia | MediaFault {
	const { statusCode = 0, headers } = answer;
	if (statusCode !== 200) return new MediaFault(`it is answered ${statusCode}`);
	if ((headers['content-encoding'] ?? 'identity') !== 'identity') return new MediaFault('it comes compressed', true);
	const length = headers['content-length'] === undefined ? null : Number(headers['content-length']);
	if (length !== null && length > mostBytes) return tooLarge(mostBytes);
	const type = headers['content-type'] ?? '';
	return { bytes: limited(answer, mostBytes), length, type, close: () => void answer.destroy() };
}

const tooLarge = (mostBytes: number): MediaFault => new MediaFault(`it is larger than ${mostBytes} bytes`, true);

async function* limited(answer: IncomingMessage, mostBytes: number): AsyncGenerator<Uint8Array> {
	let bytes = 0;
	try {
		for await (const piece of answer as AsyncIterable<Uint8Array>) {
			bytes += piece.length;
			if (bytes > mostBytes) throw tooLarge(mostBytes);
			yield piece;
		}
	} catch (error) {
		throw faultOf(error as Error);
	}
}

/** Codes only: messages hold addresses and names. */
function faultOf(error: Error): MediaFault {
	if (error instanceof MediaFault) return error;
	if (error instanceof Refused) return new MediaFault(`its URL is not called: ${REFUSALS[error.reason]}`, true);
	const { code = 'it broke off' } = error as NodeJS.ErrnoException;
	return new MediaFault(`it cannot be fetched (${code})`);
}
