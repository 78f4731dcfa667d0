import { fileURLToPath } from 'node:url';
import { startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { count, faultTest } from './judge.ts';
import { PROMISED, sized } from './plan.ts';

const FILE = fileURLToPath(new URL('instances/session.ts', import.meta.url));
const INSTANCES = 3;

interface Cart {
	instance: string;
	pid: number;
	user?: string;
	items?: string[];
}

/** A browser: keeps the cookies that it is given, the one of the session and the one of the balancing. */
class Browser {
	readonly #url: string;
	readonly #cookies = new Map<string, string>();

	constructor(url: string) {
		this.#url = url;
	}

	async ask(method: 'GET' | 'POST', path: string): Promise<Cart & { status: number }> {
		const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		const response = await fetch(this.#url + path, { method, headers: { cookie } });
		for (const line of response.headers.getSetCookie()) {
			const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
			this.#cookies.set(name, value);
		}
		return { status: response.status, ...((await response.json()) as Cart) };
	}
}

faultTest('sessions', '', async (judge, { stack }) => {
	const run = [process.execPath, FILE];
	const app = {
		instances: { run, env: { SESSION_KEY: 'only for this test' }, grace: '1s' },
		scale: INSTANCES,
		health: '/',
		balance: 'cookie',
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }));
	const ready = async () => (await statusOf(ballast)).services[0]?.ready;
	await eventually(ready, (found) => found === INSTANCES, 20_000);
	const rounds = sized(2, 10);
	const users = 30;
	const lost: string[] = [];
	let replayed = 0;
	let moved = 0;
	let alert: AlertWatch | undefined;
	for (let round = 0; round < rounds; round++) {
		const browsers = Array.from({ length: users }, () => new Browser(ballast.url));
		const before = await Promise.all(
			browsers.map(async (browser, i) => {
				const { pid } = await browser.ask('POST', `/login?user=user-${i}`);
				const added = await browser.ask('POST', `/add?item=first-${i}`);
				if (added.pid !== pid) lost.push(`user-${i} left its instance without need`);
				return pid;
			}),
		);
		const victim = before[0] as number;
		alert ??= new AlertWatch(ballast, PROMISED.sessions);
		process.kill(victim, 'SIGKILL');
		await Promise.all(
			browsers.map(async (browser, i) => {
				const cart = await browser.ask('GET', '/cart');
				replayed++;
				if (before[i] === victim && cart.pid !== victim) moved++;
				if (cart.status !== 200 || cart.user !== `user-${i}` || cart.items?.join() !== `first-${i}`)
					lost.push(`user-${i}: ${JSON.stringify(cart)}`);
				const again = await browser.ask('POST', `/add?item=second-${i}`);
				if (again.items?.join() !== `first-${i},second-${i}` || again.pid !== cart.pid)
					lost.push(`user-${i} later: ${JSON.stringify(again)}, before ${cart.pid}`);
			}),
		);
		await eventually(ready, (found) => found === INSTANCES, 20_000);
	}
	judge(
		'each session goes on at another instance, and stays there',
		lost[0] ?? `${count(replayed)} sessions replayed, ${moved} of them moved, in ${rounds} kills`,
		lost.length === 0 && moved >= rounds,
	);
	await alert?.judge(judge);
});
