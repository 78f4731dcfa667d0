/** Which keepers live behind the sockets of a run folder; a killed one leaves its socket there. */
import { lstatSync, readdirSync, type Stats, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

/** Between the refusal and a second look: a keeper that just starts has its file a moment before it listens. */
const AGAIN_MS = 50;
/** Who does not answer in this time lives, as far as we can tell. */
const CONNECT_MS = 500;

/** Names of those that live. Sockets on which nobody listens any more are removed. Only for a folder that is ours alone. */
export async function livingNames(runDir: string): Promise<string[]> {
	const names = namesIn(runDir);
	const living = await Promise.all(names.map((name) => lives(join(runDir, `${name}.sock`))));
	return names.filter((_, at) => living[at]);
}

function namesIn(runDir: string): string[] {
	try {
		return readdirSync(runDir, { withFileTypes: true })
			.filter((entry) => entry.isSocket() && entry.name.endsWith('.sock'))
			.map(({ name }) => name.slice(0, -5));
	} catch {
		return [];
	}
}

async function lives(path: string): Promise<boolean> {
	const before = fileOf(path);
	if (!(await refuses(path))) return true;
	await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
	if (!(await refuses(path))) return true;
	// Another keeper may have taken the place of the dead one meanwhile.
	if (before !== undefined && isSame(before, fileOf(path))) remove(path);
	return false;
}

/** Only a refusal proves that nobody listens; anything else is left alone. */
function refuses(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ path });
		const timer = setTimeout(() => done(false), CONNECT_MS);
		const done = (refused: boolean): void => {
			clearTimeout(timer);
			socket.destroy();
			resolve(refused);
		};
		socket.once('connect', () => done(false));
		socket.on('error', ({ code }: NodeJS.ErrnoException) => done(code === 'ECONNREFUSED' || code === 'ENOENT'));
	});
}

const fileOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

const isSame = (one: Stats, other: Stats | undefined): boolean =>
	one.ino === other?.ino && one.dev === other.dev && one.birthtimeMs === other.birthtimeMs;

function remove(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// Somebody else was faster.
	}
}
