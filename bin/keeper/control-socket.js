// The control socket's file: one keeper of a name, and nobody but its owner may open it.
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { checkSocketFolder, KeeperError, openRunDirectory } from './paths.js';

const ANSWER_MS = 2_000;

/** Makes `server` listen on the path. Returns a function that takes the file away again. */
export async function claimSocket(server, paths) {
	if (paths.private) openRunDirectory(paths.runDir);
	else checkSocketFolder(paths.socketPath);
	const before = fileOf(paths.socketPath);
	if (before) await clearStale(paths, before);
	await listen(server, paths.socketPath);
	chmodSync(paths.socketPath, 0o600);
	const mine = fileOf(paths.socketPath);
	return () => {
		if (mine && isSame(fileOf(paths.socketPath), mine)) unlinkSync(paths.socketPath);
	};
}

async function clearStale({ socketPath, name }, before) {
	if (!before.isSocket()) throw new KeeperError(`${socketPath} is not a socket: no control socket is put there`);
	if (before.uid !== process.geteuid()) {
		throw new KeeperError(`${socketPath} belongs to another user (uid ${before.uid}): no control socket is put there`);
	}
	const other = await whoAnswers(socketPath);
	if (other)
		throw new KeeperError(`ballast ${JSON.stringify(name)} runs already${other} (control socket ${socketPath})`);
	// Another keeper may have taken its place while this one waited.
	if (isSame(fileOf(socketPath), before)) unlinkSync(socketPath);
}

/** undefined: nobody. Else who it says it is; '' when it does not say. */
function whoAnswers(path) {
	return new Promise((resolve) => {
		const socket = net.connect(path);
		let text = '';
		const done = (who) => {
			socket.destroy();
			clearTimeout(timer);
			resolve(who);
		};
		const timer = setTimeout(() => done(''), ANSWER_MS);
		socket.on('connect', () => socket.write('{"id":0,"command":"keeper"}\n'));
		socket.on('data', (chunk) => {
			text += chunk;
			if (text.includes('\n') || text.length > 65_536) done(describe(text));
		});
		// Only a refusal proves that nobody listens; anything else is left alone.
		socket.on('error', (error) => done(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? undefined : ''));
		socket.on('close', () => done(''));
	});
}

function describe(text) {
	try {
		const { pid, argv, startedAt } = JSON.parse(text.split('\n')[0]).result;
		// Only the command and the configuration: the rest may hold anything.
		return `: pid ${Number(pid)}, "ballast ${String(argv[0])}", since ${new Date(startedAt).toISOString()}`;
	} catch {
		return '';
	}
}

function listen(server, path) {
	return new Promise((resolve, reject) => {
		const refused = (error) => reject(new KeeperError(`no control socket at ${path}: ${error.message}`));
		server.once('error', refused);
		// The file must not be open to others for the moment until its mode is set.
		const before = process.umask(0o177);
		try {
			server.listen(path, () => {
				server.off('error', refused);
				resolve();
			});
		} finally {
			process.umask(before);
		}
	});
}

function fileOf(path) {
	return lstatSync(path, { throwIfNoEntry: false });
}

function isSame(one, other) {
	return one !== undefined && one.ino === other.ino && one.dev === other.dev;
}
