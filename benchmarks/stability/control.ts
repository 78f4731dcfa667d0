/** A client of the control socket: one JSON line asks, lines answer. */
import { connect } from 'node:net';

export interface Reply {
	readonly ok: boolean;
	readonly result: unknown;
	readonly code: string | undefined;
	readonly message: string | undefined;
}

/** The parts of `status` that are read here. */
export interface Status {
	readonly pid: number;
	readonly core: { readonly pid: number; readonly generation: number };
	readonly workers: readonly { readonly state: string }[];
	readonly services: readonly {
		readonly desired: number;
		readonly ready: number;
		readonly total: number;
		readonly instances: readonly { readonly id: string; readonly pid: number | null; readonly state: string }[];
	}[];
}

/** Sends one command and waits for its reply. Rejects when the socket fails or nothing comes within `waitMs`. */
export function send(
	path: string,
	command: string,
	args: Record<string, unknown> = {},
	waitMs = 90_000,
): Promise<Reply> {
	return new Promise((resolve, reject) => {
		const socket = connect(path);
		let text = '';
		const give = (error: Error) => {
			socket.destroy();
			reject(error);
		};
		socket.setTimeout(waitMs, () => give(new Error(`${command}: no reply within ${waitMs} ms`)));
		socket.once('error', (error) => give(new Error(`${command}: ${error.message}`)));
		socket.once('close', () => give(new Error(`${command}: the control socket closed without a reply`)));
		socket.once('connect', () => socket.write(`${JSON.stringify({ id: 1, command, args })}\n`));
		socket.on('data', (chunk: Buffer) => {
			text += chunk.toString('utf8');
			const lines = text.split('\n');
			text = lines.pop() ?? '';
			for (const line of lines) {
				const reply = JSON.parse(line) as Partial<Reply>;
				if (reply.ok === undefined) continue;
				resolve({ ok: reply.ok, result: reply.result, code: reply.code, message: reply.message });
				socket.destroy();
			}
		});
	});
}

/** Sends a command that must succeed, and gives its result. */
export async function must(path: string, command: string, args: Record<string, unknown> = {}): Promise<unknown> {
	const reply = await send(path, command, args);
	if (!reply.ok) throw new Error(`${command} was refused: ${reply.code ?? ''} ${reply.message ?? ''}`);
	return reply.result;
}
