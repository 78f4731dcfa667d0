/** What a request costs with two workers against one, at one load that leaves both cores room. */
import { median, medianRatio } from '../measure/ratios.ts';
import { figure } from '../report/table.ts';
import { type Entrant, measureInterleaved } from './interleaved.ts';
import { type Bench, BOTH_CORES, type Figures, type Outcome } from './scenario.ts';
import { BROWSER_HEAD, costOf, SMALL_BODY } from './throughput.ts';

/** nginx and HAProxy stand beside, since sharing a core with the load costs every program something. */
const MEASURED = ['ballast', 'nginx', 'haproxy'];

/** About 20,000 requests a second: 64 connections that each rest 2 ms between requests. */
const PAUSE_MS = 2;

export async function workers(bench: Bench): Promise<Outcome> {
	const peers = bench.peers.filter((peer) => MEASURED.includes(peer.name));
	const entrants: Entrant[] = peers.flatMap((peer) =>
		[1, 2].map((count) => ({ label: `${peer.name} ×${count}`, peer, setup: { cores: BOTH_CORES, workers: count } })),
	);
	const { samples, notes } = await measureInterleaved(bench, entrants, {
		name: 'workers',
		rounds: bench.rounds ?? (bench.quick ? 3 : 5),
		warmUpSeconds: bench.quick ? 1 : 2,
		load: { url: '/json', seconds: bench.seconds ?? (bench.quick ? 1 : 2), pauseMs: PAUSE_MS, headers: BROWSER_HEAD },
	});
	const costs = new Map(
		[...samples].map(([label, all]) => [
			label,
			all.map((one) => costOf({ unit: 'µs/request', answerBytes: SMALL_BODY }, one)),
		]),
	);
	const figures: Figures = {};
	const rows = peers.map(({ name }) => {
		const one = costs.get(`${name} ×1`) ?? [];
		const two = costs.get(`${name} ×2`) ?? [];
		figures[`workers.${name}`] = medianRatio(two, one);
		return [name, figure(median(one)), figure(median(two)), figure(medianRatio(two, one))];
	});
	const title = 'Two workers against one, about 20,000 requests/s, both cores';
	const columns = ['proxy', 'CPU µs/request, 1 worker', '2 workers', 'ratio'];
	return { tables: [{ title, columns, rows }], figures, notes };
}
