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

/** Ways of the program; readers do not see their end while something is left to read, so Ballast is asked. */
const WAYS = {
	'-H, slow heads': { args: ['-H', '-i', '1'], path: '/' },
	'-B, slow bodies': { args: ['-B', '-i', '1'], path: '/' },
	'-X, slow readers': {
		args: ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '32'],
		path: '/echo/x?deed=big',
		reads: true,
	},
};

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
	for (const [name, { args, path, ...way }] of Object.entries(WAYS)) {
		const seconds = 'reads' in way ? 5 : 12;
		const common = ['-c', CLIENTS, '-r', CLIENTS, '-l', seconds, '-p', '3', '-u', `${ballast.url}${path}`].map(String);
		const started = performance.now();
		const running = run([...args, ...common]);
		if ('reads' in way) {
			await eventually(
				() => connections(ballast),
				(open) => open >= CLIENTS / 2,
			);
			await sleep(500);
			await eventually(
				() => connections(ballast),
				(open) => open === 0,
				LIMIT_MS + SLACK_MS,
			);
		}
		const tookMs = performance.now() - started;
		const printed = await running;
		const allMs = 'reads' in way ? tookMs : performance.now() - started;
		const available = !/service available: +NO/.test(printed) && /service available: +YES/.test(printed);
		const closed = 'reads' in way || printed.includes('No open connections left');
		judge(
			`slowhttptest ${name}: closed, the service available throughout`,
			`${CLIENTS} clients, all closed after ${(allMs / 1000).toFixed(1)} s; ${available ? 'available' : 'not available'}`,
			closed && available && allMs < LIMIT_MS + SLACK_MS,
		);
	}
});
