import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

/** Of the first ejection: longer than it takes to fall often enough for one. */
const BASE_MS = 2000;
const FLIP_MS = 200;
/** Falls until one is an ejection, as by default. */
const FALLS = 3;

/** Looks again and again which instances are out, until it is told to stop. */
class Watch {
	/** Spans in which each instance was out, by its port. */
	readonly outs = new Map<number, { fromMs: number; toMs: number }[]>();
	/** Most that were out at the same time. */
	mostOut = 0;
	#over = false;
	readonly #done: Promise<void>;

	constructor(ballast: Ballast) {
		this.#done = this.#run(ballast);
	}

	async #run(ballast: Ballast): Promise<void> {
		while (!this.#over) {
			const instances = (await statusOf(ballast)).services[0]?.instances ?? [];
			const now = performance.now();
			const out = instances.filter(({ state }) => state !== 'ready').map(({ port }) => port);
			this.mostOut = Math.max(this.mostOut, out.length);
			for (const port of out) {
				const spans = this.outs.get(port) ?? [];
				const last = spans.at(-1);
				if (last !== undefined && last.toMs === 0) continue;
				this.outs.set(port, [...spans, { fromMs: now, toMs: 0 }]);
			}
			for (const [port, spans] of this.outs) {
				const last = spans.at(-1);
				if (last?.toMs === 0 && !out.includes(port)) last.toMs = now;
			}
			await sleep(15);
		}
	}

	async stop(): Promise<void> {
		this.#over = true;
		await this.#done;
	}

	/** How long each time was that an instance was out and came back, s. */
	secondsOut(port: number): number[] {
		return (this.outs.get(port) ?? []).filter(({ toMs }) => toMs > 0).map(({ fromMs, toMs }) => (toMs - fromMs) / 1000);
	}
}

async function allReady(ballast: Ballast, ready: number): Promise<void> {
	await eventually(
		async () => (await statusOf(ballast)).services[0]?.ready,
		(found) => found === ready,
		10_000,
	);
}

/** How often it may be taken out in so many ms: so many falls, an ejection that grows, and so on; and one at the edge. */
function mostOuts(spanMs: number): number {
	let outs = 1;
	for (let at = 0, level = 1; at < spanMs; level++) {
		outs += FALLS;
		at += FALLS * 2 * FLIP_MS + level * BASE_MS;
	}
	return outs;
}

faultTest('9', 'one comes and goes', async (judge, { stack }) => {
	const instances = await startEchoes(stack, 5);
	const app = {
		instances: instances.map(({ proxy }) => proxy.url),
		health: { path: '/', interval: '100ms', timeout: '100ms' },
		outliers: { ejection: { base: `${BASE_MS}ms`, most: '1m' } },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	await allReady(ballast, 5);
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 8, fresh: 2, pauseMs: 4 }));
	const [flapping] = instances.map(({ proxy }) => proxy);
	const watch = new Watch(ballast);
	stack.defer(() => watch.stop());
	const flips = Math.round(sized(14_000, 60_000) / (2 * FLIP_MS));
	for (let flip = 0; flip < flips; flip++) {
		flapping?.die();
		await sleep(FLIP_MS);
		await flapping?.accept();
		await sleep(FLIP_MS);
	}
	await sleep(100);
	const outs = watch.outs.get(flapping?.port ?? 0)?.length ?? 0;
	const seconds = watch.secondsOut(flapping?.port ?? 0);
	const bound = mostOuts(flips * 2 * FLIP_MS);
	judge(
		'ejections are bounded',
		`${flips} × gone and back, ${outs} × taken out (bound ${bound})`,
		outs > 0 && outs <= bound,
	);
	const told = [...ballast.output().matchAll(/ejected for ([\d.]+) s/g)].map(([, span]) => Number(span));
	const longest = Math.max(0, ...seconds);
	judge(
		'back-off',
		`ejected for ${told.join(', ')} s; the longest that it was out ${longest.toFixed(1)} s`,
		told.length >= 2 && Math.max(...told) >= 2 * (told[0] ?? 0) && longest >= 0.8 * 2 * (told[0] ?? 0),
	);
	await load.stop();
	judge('no failed GET', `${load.shown()} of ${count(load.sent)}`, load.failures.length === 0);
	await watch.stop();
	await judgeWhole(ballast, judge, 5);
});

faultTest('9', 'most of them answer errors', async (judge, { stack }) => {
	const bad = await startEchoes(stack, 6, ['--errors', '1']);
	const good = await startEchoes(stack, 2);
	const all = [...bad, ...good];
	const app = {
		instances: all.map(({ port }) => `http://127.0.0.1:${port}`),
		health: { path: '/', interval: '500ms' },
		outliers: { ejection: `${BASE_MS}ms`, most: '50%' },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	await allReady(ballast, all.length);
	const watch = new Watch(ballast);
	stack.defer(() => watch.stop());
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 16, fresh: 4, pauseMs: 2 }));
	await sleep(sized(4000, 30_000));
	await load.stop();
	await watch.stop();
	judge(
		'never more than the allowed share ejected',
		`6 of ${all.length} bad, at most ${watch.mostOut} out at once, 50 % allowed`,
		watch.mostOut > 0 && watch.mostOut <= all.length / 2,
	);
});

if (LONG)
	faultTest('9', 'one comes and goes, with all defaults', async (judge, { stack }) => {
		const instances = await startEchoes(stack, 5);
		const app = { instances: instances.map(({ proxy }) => proxy.url) };
		const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
		await allReady(ballast, 5);
		const load = stack.use(new EchoLoad({ port: ballast.port, clients: 8, fresh: 2, pauseMs: 20 }));
		const [flapping] = instances.map(({ proxy }) => proxy);
		const alert = new AlertWatch(ballast, PROMISED['9']);
		let over = false;
		const flipping = (async () => {
			while (!over) {
				flapping?.die();
				await sleep(FLIP_MS);
				await flapping?.accept();
				await sleep(FLIP_MS);
			}
		})();
		await alert.fired();
		over = true;
		await flipping;
		await load.stop();
		judge('no failed GET, with all defaults', `${load.shown()} of ${count(load.sent)}`, load.failures.length === 0);
		await alert.judge(judge);
	});
