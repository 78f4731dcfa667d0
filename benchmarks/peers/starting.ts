/** What all peers share: looking for a version, a port, and waiting for the first proxied answer. */
import { spawnSync } from 'node:child_process';
import { type Launch, launch } from '../measure/command.ts';
import { freePorts, waitFor200 } from '../measure/ports.ts';
import type { PeerSetup, RunningPeer } from './peer.ts';

/** The first version number that a command prints; undefined when it is not installed. */
export function versionOf(command: string, ...argv: string[]): string | undefined {
	const run = spawnSync(command, argv, { encoding: 'utf8' });
	return run.error ? undefined : /\d+\.\d+(\.\d+)?/.exec(`${run.stdout}${run.stderr}`)?.[0];
}

/** Starts what `prepare` says for a free port, and waits until the small answer comes through it. */
export async function startPeer(
	setup: PeerSetup,
	prepare: (port: number) => Promise<Omit<Launch, 'cores'>>,
): Promise<RunningPeer> {
	const [port] = (await freePorts(1)) as [number];
	const program = launch({ ...(await prepare(port)), cores: setup.cores });
	try {
		if (setup.tls === undefined) await waitFor200(`http://127.0.0.1:${port}/json`, program);
		else await waitForTls(port, program);
	} catch (error) {
		await program.stop();
		throw error;
	}
	return { port, program, stop: () => program.stop() };
}

async function waitForTls(port: number, program: RunningPeer['program']): Promise<void> {
	const end = performance.now() + 10_000;
	const argv = ['-sk', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '2', `https://127.0.0.1:${port}/json`];
	while (spawnSync('curl', argv, { encoding: 'utf8' }).stdout !== '200') {
		const code = program.exitCode();
		if (code !== undefined) throw new Error(`ended with code ${code} at its start: ${program.output().slice(-400)}`);
		if (performance.now() > end) throw new Error(`no 200 over TLS within 10 s: ${program.output().slice(-400)}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
