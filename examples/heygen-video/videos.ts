/** What the API asks of HeyGen. All calls go through Ballast, which makes jobs of creations and has the key. */

const { VIDEO_URL = 'http://127.0.0.1:8080' } = process.env;
/** Longest script that HeyGen takes, characters. */
const SCRIPT_MOST = 5000;
const VOICE = 'voice_english_ada';

export interface Reply {
	status: number;
	fields?: Record<string, string>;
	body: string | Buffer;
}

export interface Caller {
	/** The credential: the job belongs to it. */
	user: string;
	prefer: string | undefined;
	/** The client's Idempotency-Key. */
	key: string | undefined;
}

/** `{ script, avatar?, voice? }` becomes a job: 202 with its Location, or Ballast's answer as it is. */
export async function createVideo({ user, key }: Caller, wish: Record<string, unknown>): Promise<Reply> {
	const { script, avatar = 'avatar_ada_office', voice = VOICE } = wish;
	if (typeof script !== 'string' || script.trim() === '' || script.length > SCRIPT_MOST)
		return refused(`script: 1 to ${SCRIPT_MOST} characters`);
	if (!isName(avatar) || !isName(voice)) return refused('avatar and voice: names out of GET /avatars');
	const answer = await fetch(`${VIDEO_URL}/v3/videos`, {
		method: 'POST',
		headers: {
			authorization: user,
			'content-type': 'application/json',
			prefer: 'respond-async',
			...(key === undefined ? {} : { 'idempotency-key': key }),
		},
		body: JSON.stringify({ type: 'avatar', avatar_id: avatar, voice_id: voice, script, resolution: '720p' }),
	});
	return passedOn(answer, ['content-type', 'location', 'retry-after']);
}

/** URL of the finished film, which lives for some days; or the answer that says why there is none. */
export async function filmOf({ user, prefer }: Caller, job: string): Promise<string | Reply> {
	const fields = { authorization: user, ...(prefer === undefined ? {} : { prefer }) };
	const answer = await fetch(`${VIDEO_URL}/jobs/${job}/result`, { headers: fields });
	if (answer.status !== 200) return passedOn(answer, ['content-type', 'retry-after']);
	const { data } = (await answer.json()) as { data?: { video_url?: string | null; failure_message?: string | null } };
	if (typeof data?.video_url === 'string') return data.video_url;
	const title = data?.failure_message ?? 'the video failed';
	return { status: 409, fields: PROBLEM, body: JSON.stringify({ status: 409, title }) };
}

/** Those to choose from. Ballast keeps HeyGen's answer for ten minutes. */
export async function listAvatars(): Promise<Reply> {
	const answer = await fetch(`${VIDEO_URL}/v3/avatars/looks?limit=20`);
	if (answer.status !== 200) return passedOn(answer, ['content-type', 'retry-after']);
	const { data } = (await answer.json()) as { data: { id: string; name: string }[] };
	return { status: 200, body: JSON.stringify(data.map(({ id, name }) => ({ id, name }))) };
}

const PROBLEM = { 'content-type': 'application/problem+json' };

function refused(title: string): Reply {
	return { status: 400, fields: PROBLEM, body: JSON.stringify({ status: 400, title }) };
}

function isName(value: unknown): value is string {
	return typeof value === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(value);
}

async function passedOn(answer: Response, names: readonly string[]): Promise<Reply> {
	const fields: Record<string, string> = {};
	for (const name of names) {
		const value = answer.headers.get(name);
		if (value !== null) fields[name] = value;
	}
	return { status: answer.status, fields, body: await answer.text() };
}
