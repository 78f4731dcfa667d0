/**
 * `npm run smoke:heygen`: one shortest video at the real HeyGen, by way of Ballast and the API, with the key in
 * HEYGEN_API_KEY. Looks at the balance first and makes nothing above `--limit` dollars. Without a key: says so, 0.
 */
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { leftOf, refusal, type User } from './spend-limit.ts';
import { Stack } from './stack.ts';

const { values } = parseArgs({
	options: {
		limit: { type: 'string', default: '1' },
		'spend-credits': { type: 'boolean', default: false },
		avatar: { type: 'string' },
		voice: { type: 'string' },
		/** How often HeyGen is asked how the video gets on. */
		every: { type: 'string', default: '10s' },
	},
});
const { HEYGEN_API_KEY: key = '', HEYGEN_API_URL: api = 'https://api.heygen.com' } = process.env;
const SCRIPT = 'Hi.';
/** HeyGen takes 5 to 15 minutes, and more at its peaks. */
const MOST_MS = 45 * 60_000;

let stack: Stack | undefined;
const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => over.abort(new Error('stopped')));

/** Throws where HeyGen answers otherwise than by 200. */
async function ask<T>(path: string): Promise<T> {
	const answer = await fetch(`${api}${path}`, {
		headers: { 'x-api-key': key },
		signal: AbortSignal.any([over.signal, AbortSignal.timeout(30_000)]),
	});
	if (answer.status !== 200) throw new Error(`HeyGen answers ${answer.status} to ${path}`);
	return ((await answer.json()) as { data: T }).data;
}

async function smoke(): Promise<number> {
	if (key === '') {
		console.log('Skipped: HEYGEN_API_KEY is not set; with it, one video of a second is made at the real HeyGen.');
		return 0;
	}
	const limit = { usd: Number(values.limit), credits: values['spend-credits'] };
	if (!(limit.usd >= 0)) throw new Error('--limit takes dollars, such as 1');
	const before = await ask<User>('/v3/users/me');
	const why = refusal(before, limit);
	if (why !== undefined) throw new Error(`nothing was made: ${why}`);
	const [look] = await ask<{ id: string; default_voice_id?: string }[]>('/v3/avatars/looks?limit=1');
	const avatar = values.avatar ?? look?.id;
	const voice =
		values.voice ?? look?.default_voice_id ?? (await ask<{ voice_id: string }[]>('/v3/voices?limit=1'))[0]?.voice_id;
	console.log(
		`${leftOf(before)} (${before.billing_type}) left; avatar ${avatar}, voice ${voice}; the video may take 15 minutes`,
	);
	await startStack();
	const film = await make({ script: SCRIPT, avatar, voice });
	const answer = await fetch(film, { signal: over.signal });
	const bytes = Buffer.from(await answer.arrayBuffer());
	if (bytes.toString('latin1', 4, 8) !== 'ftyp') throw new Error(`what came is no MP4 (${answer.status})`);
	const after = await ask<User>('/v3/users/me');
	const spent = (leftOf(before) ?? 0) - (leftOf(after) ?? 0);
	console.log(
		`an MP4 of ${bytes.length} bytes came; ${Number.isFinite(spent) ? spent.toFixed(2) : 'an unknown sum'} spent`,
	);
	return 0;
}

async function startStack(): Promise<void> {
	const [listen, admin] = [await freePort(), await freePort()];
	const poll = { steps: [{ every: values.every }] };
	stack = new Stack({
		...{ listen, admin, simulator: null, quiet: true, heygen: { url: api, key } },
		change: ({ services }) =>
			Object.assign(services.heygen, { routes: { 'POST /v3/videos': { offload: { external: { poll } } } } }),
	});
	await stack.start();
}

/** Where the film is. Throws with the reason where the job ends otherwise. */
async function make(wish: object): Promise<string> {
	const { url } = stack as Stack;
	const headers = { authorization: 'Bearer smoke', prefer: 'wait=30' };
	const made = await fetch(`${url}/videos`, {
		method: 'POST',
		headers,
		body: JSON.stringify(wish),
		signal: over.signal,
	});
	const job = (await made.json()) as { id: string; title?: string };
	if (made.status !== 202) throw new Error(`no job was made: ${made.status} ${job.title}`);
	for (const until = Date.now() + MOST_MS; Date.now() < until; ) {
		const answer = await fetch(`${url}/videos/${job.id}`, { headers, signal: over.signal });
		const said = (await answer.json()) as { film?: string; title?: string };
		if (said.film !== undefined) return said.film;
		const { state, error } = (await (await fetch(`${url}/jobs/${job.id}`, { headers })).json()) as {
			state: string;
			error: { message: string } | null;
		};
		if (['failed', 'parked', 'cancelled', 'expired'].includes(state))
			throw new Error(`the job is ${state}: ${error?.message ?? said.title}`);
	}
	throw new Error(`no video within ${MOST_MS / 60_000} minutes`);
}

async function freePort(): Promise<number> {
	const probe = createServer();
	await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
	const { port } = probe.address() as { port: number };
	await new Promise((resolve) => probe.close(resolve));
	return port;
}

let code = 1;
try {
	code = await smoke();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
} finally {
	await stack?.stop();
}
process.exit(code);
