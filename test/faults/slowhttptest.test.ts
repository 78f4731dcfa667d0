import { execFile, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { connections, eventually } from '../support/suite.ts';
import { startEchoes } from './echo-instances.ts';
import { faultTest } from './judge.ts';
import { sized } from './plan.ts';

const CLIENTS = sized(100, 1000);
const LIMIT_MS = 2000;
/** So late it may be seen: the program looks once a second, and the machine may be busy. */
const SLACK_MS = 4000;

/** Ways of the program. */
const WAYS = {
	'-H, slow heads': { args: ['-H', '-i', '1'], path: '/' },
	'-B, slow bodies': { args: ['-B', '-i', '1'], path: '/' },
	'-X, slow readers': { args: ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '32'], path: '/echo/x?deed=big' },
};
/** Longest that it runs, s. */
const SECONDS = 7;
/** Each looks with a connection of its own whether the service is available. */
const WAYS_COUNT = Object.keys(WAYS).length;

/** Runs it until all its connections are closed, or for a while. */
function run(args: readonly string[]): Promise<string> {
	return new Promise((resolve) => {
		execFile('slowhttptest', args, (_error, stdout, stderr) => {
			resolve(`${stdout}${stderr}`.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g'), ''));
		});
	});
}

faultTest('26', 'an independent client, slowhttptest', async (judge, { stack, leaveOut }) => {
	if (spawnSync('slowhttptest', ['-h']).error !== undefined) {
		return leaveOut('slowhttptest', 'slowhttptest is not installed (Debian: apt-get install slowhttptest)');
	}
	const [instance] = await startEchoes(stack, 1);
	const timeouts = { idle: '1s', request: `${LIMIT_MS}ms`, firstByte: `${LIMIT_MS}ms` };
	const app = { instances: [`http://127.0.0.1:${instance?.port}`], timeouts, health: { interval: '1h' } };
	const limits = { head: { time: '1s' }, keepAlive: '1s' };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', limits, services: { app } }));
	const started = performance.now();
	const running = Object.entries(WAYS).map(async ([name, { args, path }]) => {
		const common = ['-c', CLIENTS, '-r', CLIENTS, '-l', SECONDS, '-p', '3', '-u', `${ballast.url}${path}`];
		const printed = await run([...args, ...common.map(String)]);
		return { name, printed, seconds: (performance.now() - started) / 1000 };
	});
	await eventually(
		() => connections(ballast),
		(open) => open >= 2 * CLIENTS,
		10_000,
	);
	await sleep(500);
	// Its slow readers do not see their end while something is left to read, so Ballast is asked.
	await eventually(
		() => connections(ballast),
		(open) => open <= WAYS_COUNT,
		LIMIT_MS + SLACK_MS,
	);
	const closedMs = performance.now() - started;
	for (const { name, printed, seconds } of await Promise.all(running)) {
		const available = !/service available: +NO/.test(printed) && /service available: +YES/.test(printed);
		const reads = name.startsWith('-X');
		const closed = reads || printed.includes('No open connections left');
		judge(
			`slowhttptest ${name}: closed, the service available throughout`,
			`${CLIENTS} clients, all closed after ${(reads ? closedMs / 1000 : seconds).toFixed(1)} s; ${available ? 'available' : 'not available'}`,
			closed && available && (reads || seconds * 1000 < LIMIT_MS + SLACK_MS),
		);
	}
});
