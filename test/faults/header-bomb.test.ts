import net from 'node:net';
import { startBallast } from '../support/ballast.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEchoes } from './echo-instances.ts';
import { count, faultTest, ms, percentile } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { corePid, judgeWhole, residentBytes } from './wholeness.ts';

const START = 'GET / HTTP/1.1\r\nHost: test\r\n';
/** Each is sent over and over behind the start of a head; `once`: only that, and then the head's end. */
const BOMBS: Record<string, { piece: string; once?: boolean }> = {
	'one field of 17 KiB': { piece: `X: ${'a'.repeat(17_000)}\r\n`, once: true },
	'101 fields': { piece: 'X: 1\r\n'.repeat(101), once: true },
	'a field without end': { piece: 'a'.repeat(4000) },
	'fields without end': { piece: 'X: 1\r\n'.repeat(500) },
	'names without end': { piece: `${'x'.repeat(200)}: 1\r\n`.repeat(10) },
	'cookies without end': { piece: `Cookie: ${'a=b; '.repeat(100)}\r\n`.repeat(5) },
};
/** Clients that throw the same bomb at the same time. */
const CLIENTS = 20;
/** A client that goes on sending is told, given time to read it, and cut off. */
const CUT_OFF_MS = 5000;

interface Exploded {
	status: string;
	toldMs: number;
	/** Until nothing more could be sent; NaN: it was not cut off. */
	cutMs: number;
}

/** Sends one bomb until the other side takes no more. */
function explode(port: number, { piece, once = false }: { piece: string; once?: boolean }): Promise<Exploded> {
	return new Promise((resolve) => {
		const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
		const started = performance.now();
		let answer = '';
		let toldMs = Number.NaN;
		let timer: NodeJS.Timeout | undefined;
		const over = (cutMs: number) => {
			clearInterval(timer);
			socket.destroy();
			resolve({ status: /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'no answer', toldMs, cutMs });
		};
		socket.on('connect', () => {
			socket.write(START + (once ? `${piece}\r\n` : ''), 'latin1');
			timer = setInterval(() => {
				const now = performance.now() - started;
				if (now > CUT_OFF_MS) over(Number.NaN);
				else if (!once) socket.write(piece, 'latin1');
			}, 2);
		});
		socket.on('data', (bytes: Buffer) => (answer += bytes.toString('latin1')));
		socket.on('end', () => {
			toldMs = performance.now() - started;
			if (once) over(toldMs);
		});
		socket.on('error', () => over(performance.now() - started));
		socket.on('close', () => over(performance.now() - started));
	});
}

faultTest('27', '', async (judge, { stack }) => {
	const [instance] = await startEchoes(stack, 1);
	const app = { instances: [instance?.proxy.url as string], health: { interval: '1h' } };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	const pid = await corePid(ballast);
	const baseline: number[] = [];
	const peaks: number[] = [];
	const exploded: (Exploded & { name: string })[] = [];
	const alert = new AlertWatch(ballast, PROMISED['27']);
	// The first round only warms up.
	for (let round = 0; round <= sized(1, 10); round++) {
		const sampling = setInterval(() => (round === 0 ? baseline : peaks).push(residentBytes(pid)), 10);
		const all = Object.entries(BOMBS).flatMap(([name, bomb]) =>
			Array.from({ length: CLIENTS }, async () => ({ name, ...(await explode(ballast.port, bomb)) })),
		);
		exploded.push(...(await Promise.all(all)));
		clearInterval(sampling);
	}
	const wrong = exploded.find(({ status, cutMs }) => status !== '431' || Number.isNaN(cutMs));
	const told = exploded.map(({ toldMs }) => toldMs).filter((each) => !Number.isNaN(each));
	judge(
		'431',
		wrong === undefined
			? `${count(exploded.length)} of ${count(exploded.length)}, p99 after ${ms(percentile(told, 0.99))}`
			: JSON.stringify(wrong),
		wrong === undefined,
	);
	judge(
		'who goes on sending is cut off',
		`after at most ${ms(Math.max(...exploded.map(({ cutMs }) => cutMs)))}`,
		exploded.every(({ cutMs }) => cutMs < CUT_OFF_MS),
	);
	const before = percentile(baseline, 0.5);
	const grown = Math.max(...peaks) - before;
	judge('memory stays bounded', `core ${count(before / 1e6)} MB, at most ${count(grown / 1e6)} MB more`, grown < 60e6);
	await alert.judge(judge);
	await judgeWhole(ballast, judge, 1);
});
