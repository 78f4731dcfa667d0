import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the other end of a control socket does with one command. */
export type Answer = (request: { id: number; command: string; args: Record<string, unknown> }, socket: Socket) => void;

export interface ControlPeer {
	path: string;
	/** Commands received so far. */
	commands: { command: string; args: Record<string, unknown> }[];
	close(): Promise<void>;
}

/** A control socket in a temporary folder that speaks the protocol, or what the test wants to be said. */
export async function controlPeer(answer: Answer): Promise<ControlPeer> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
	const path = join(folder, 'c.sock');
	const commands: ControlPeer['commands'] = [];
	const sockets = new Set<Socket>();
	const peer = createServer((socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
		let text = '';
		socket.setEncoding('utf8').on('data', (chunk) => {
			text += chunk;
			for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
				const request = JSON.parse(text.slice(0, end));
				text = text.slice(end + 1);
				commands.push({ command: request.command, args: request.args });
				answer(request, socket);
			}
		});
	});
	await new Promise<void>((resolve) => peer.listen(path, resolve));
	const close = async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => peer.close(resolve));
		rmSync(folder, { recursive: true, force: true });
	};
	return { path, commands, close };
}

/** Progress lines and a result, as the protocol writes them. */
export function says(lines: string[], result: unknown): Answer {
	return ({ id }, socket) => {
		for (const line of lines) socket.write(`${JSON.stringify({ id, line })}\n`);
		socket.write(`${JSON.stringify({ id, ok: true, result })}\n`);
	};
}

export function refuses(code: string, message: string): Answer {
	return ({ id }, socket) => void socket.write(`${JSON.stringify({ id, ok: false, code, message })}\n`);
}
