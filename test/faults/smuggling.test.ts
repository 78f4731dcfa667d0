import { playVector, WAYS } from '../fuzz/play-vector.ts';
import { CORPUS } from '../fuzz/smuggling-corpus.ts';
import { StrictUpstream } from '../fuzz/strict-upstream.ts';
import { startBallast } from '../support/ballast.ts';
import { AlertWatch } from './alert-watch.ts';
import { faultTest } from './judge.ts';
import { LONG, PROMISED } from './plan.ts';

/** All ways stand in test/fuzz already; here the corpus goes through once, and each way in the longer version. */
const ways = Object.entries(WAYS).filter(([way]) => LONG || way === 'in one piece');

faultTest('29', '', async (judge, { stack }) => {
	const upstream = new StrictUpstream();
	stack.defer(() => upstream.stop());
	const instances = { urls: [await upstream.start()] };
	const ballast = stack.use(await startBallast({ workers: 1, stop: '0s', services: { app: { instances } } }));
	const wrong: string[] = [];
	const alert = new AlertWatch(ballast, PROMISED['29']);
	for (const [way, pieces] of ways)
		for (const vector of CORPUS) {
			const complaint = await playVector({ port: ballast.port, upstream }, vector, pieces);
			if (complaint !== '') wrong.push(`${vector.name} (${way}): ${complaint}`);
		}
	const refused = CORPUS.filter((vector) => vector.refused !== null).length;
	judge(
		'400 and close, or the identical parse on both sides',
		wrong[0] ??
			`${refused} refused, ${CORPUS.length - refused} read alike, sent ${ways.map(([way]) => way).join(', ')}`,
		wrong.length === 0,
	);
	await alert.judge(judge);
});
