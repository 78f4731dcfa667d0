import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from './testing/random.ts';
import { sharedNow, TICK_MS, Timer, type TimerOwner, TimerWheel } from './timer-wheel.ts';

const TURN_MS = 2048 * TICK_MS;

/** A wheel whose clock stands until it is moved. */
class Clock {
	readonly wheel: TimerWheel;
	readonly start: number;
	ms = 0;
	readonly fired: string[] = [];

	constructor(...args: ConstructorParameters<typeof TimerWheel>) {
		this.wheel = new TimerWheel(...args);
		this.start = this.wheel.nowMs;
	}

	/** Moves on in steps, as the interval does. */
	pass(ms: number, step = TICK_MS): void {
		for (const until = this.ms + ms; this.ms < until; ) this.jump(Math.min(step, until - this.ms));
	}

	/** Moves on at once: nothing ran meanwhile. */
	jump(ms: number): void {
		this.ms += ms;
		this.wheel.advance(this.start + this.ms);
	}

	timer(name: string, then: () => void = () => {}): Timer {
		return new Timer({
			onTimer: () => {
				this.fired.push(`${name}@${this.ms}`);
				then();
			},
		});
	}
}

test('never early, at most two ticks late, whenever it is set', () => {
	for (const ms of [1, 49, 50, 51, 100, 999, 1000, 60_000, TURN_MS - 50, TURN_MS, TURN_MS + 1, 3 * TURN_MS + 7]) {
		for (const phase of [0, 1, 25, 49]) {
			const clock = new Clock();
			clock.jump(500 + phase);
			const setAt = clock.ms;
			let firedAt = -1;
			const timer = clock.timer('t', () => {
				firedAt = clock.ms;
			});
			clock.wheel.set(timer, ms);
			clock.pass(ms + 300, 10);
			assert.ok(firedAt >= setAt + ms, `${ms} ms set at ${setAt} fired at ${firedAt}: early`);
			assert.ok(firedAt <= setAt + ms + 2 * TICK_MS + 10, `${ms} ms set at ${setAt} fired at ${firedAt}: late`);
			assert.equal(clock.fired.length, 1);
			assert.deepEqual([timer.deadline, timer.slotTick], [0, 0]);
		}
	}
});

test('a moved deadline counts, an earlier one too; 0 clears, and it can be set anew', () => {
	const clock = new Clock();
	const timer = clock.timer('t');
	clock.wheel.set(timer, 1000);
	for (let i = 0; i < 20; i++) {
		clock.pass(900);
		clock.wheel.set(timer, 1000);
	}
	assert.deepEqual(clock.fired, []);
	clock.wheel.set(timer, 200);
	clock.pass(300);
	assert.equal(clock.fired.length, 1);

	clock.wheel.set(timer, 200);
	clock.wheel.set(timer, 0);
	clock.pass(400);
	assert.equal(clock.fired.length, 1);
	clock.wheel.set(timer, 100);
	clock.wheel.set(timer, 0);
	clock.wheel.set(timer, 500);
	clock.pass(400);
	assert.equal(clock.fired.length, 1);
	clock.pass(200);
	assert.equal(clock.fired.length, 2);
});

test('a removed timer never runs and is in no slot', () => {
	const clock = new Clock();
	const [a, b, c] = [clock.timer('a'), clock.timer('b'), clock.timer('c')];
	for (const timer of [a, b, c]) clock.wheel.set(timer, 100);
	clock.wheel.remove(b);
	clock.wheel.remove(b);
	assert.deepEqual([b.slotTick, b.next, b.prev], [0, null, null]);
	clock.pass(300);
	assert.deepEqual(clock.fired.map((text) => text[0]).sort(), ['a', 'c']);
});

test('an owner may remove, set and move any timer, those of its own slot included', () => {
	for (const order of ['abcd', 'dcba', 'bdac', 'cadb']) {
		const clock = new Clock();
		const timers = new Map<string, Timer>();
		const get = (name: string) => timers.get(name) as Timer;
		const acts: Record<string, () => void> = {
			a: () => clock.wheel.remove(get('b')),
			b: () => clock.wheel.remove(get('a')),
			c: () => clock.wheel.set(get('c'), 500),
			d: () => clock.wheel.set(get('c'), 1000),
		};
		for (const name of order) timers.set(name, clock.timer(name, acts[name]));
		for (const name of order) clock.wheel.set(get(name), 100);
		clock.pass(200);
		const ran = clock.fired.map((text) => text[0]);
		assert.equal(
			ran.filter((name) => name === 'a' || name === 'b').length,
			1,
			`${order}: the first takes the other out`,
		);
		assert.ok(ran.includes('d'));
		clock.pass(1500);
		assert.ok(clock.fired.filter((text) => text[0] === 'c').length >= 1, `${order}: c runs in the end`);
		assert.deepEqual(
			[...timers.values()].filter(({ deadline }) => deadline !== 0 && deadline <= clock.wheel.tick),
			[],
		);
	}
});

test('after a stall all that is due runs once, and what is set then counts from now', () => {
	for (const stall of [TICK_MS, 5000, TURN_MS - 1, TURN_MS, 10 * TURN_MS + 333]) {
		const clock = new Clock();
		const again = clock.timer('again');
		for (let i = 1; i <= 40; i++) {
			clock.wheel.set(
				clock.timer('due', () => clock.wheel.set(again, 1000)),
				(stall * i) / 41,
			);
			clock.wheel.set(clock.timer('later'), stall + i * 977);
		}
		clock.jump(stall + 2 * TICK_MS);
		const at = clock.ms;
		assert.equal(clock.fired.filter((text) => text === `due@${at}`).length, 40, `after ${stall} ms`);
		assert.ok(!clock.fired.some((text) => text.startsWith('again')), 'a second is a second after a stall too');
		clock.pass(1000 - TICK_MS);
		assert.ok(!clock.fired.some((text) => text.startsWith('again')));
		clock.pass(3 * TICK_MS);
		assert.equal(clock.fired.filter((text) => text.startsWith('again')).length, 1);
		clock.pass(41 * 977);
		assert.equal(clock.fired.filter((text) => text.startsWith('later')).length, 40);
	}
});

test('a clock that stands or goes back runs nothing twice', () => {
	const clock = new Clock();
	clock.wheel.set(clock.timer('t'), 100);
	clock.jump(1000);
	clock.jump(0);
	clock.jump(-500);
	clock.jump(400);
	assert.equal(clock.fired.length, 1);
	const tick = clock.wheel.tick;
	clock.jump(-200);
	assert.equal(clock.wheel.tick, tick);
});

test('an owner that throws keeps no other from running', () => {
	const faults: unknown[] = [];
	for (const onFault of [undefined, (fault: unknown) => faults.push(fault)]) {
		let ticks = 0;
		const clock = new Clock(() => ticks++, onFault);
		for (let i = 0; i < 3; i++) {
			clock.wheel.set(clock.timer('calm'), 100);
			clock.wheel.set(
				clock.timer('wild', () => {
					throw new Error(`wild ${i}`);
				}),
				100,
			);
			clock.wheel.set(clock.timer('next'), 150);
		}
		if (onFault === undefined) assert.throws(() => clock.jump(1000), /wild/);
		else clock.jump(1000);
		assert.equal(clock.fired.length, 9);
		assert.equal(ticks, 1);
		clock.pass(500);
		assert.equal(clock.fired.length, 9);
	}
	assert.equal(faults.length, 3);
});

test('100,000 random operations behave as a list of deadlines does', () => {
	const random = new Random(20261121);
	const int = (most: number) => random.int(most);
	const clock = new Clock();
	/** Earliest and latest time at which each timer may run. */
	const due = new Map<number, { from: number; until: number }>();
	let fired = 0;
	let ending = false;
	const timers = Array.from({ length: 300 }, (_, id) =>
		clock.timer(String(id), () => {
			const expected = due.get(id);
			assert.ok(expected !== undefined, `${id} was not set`);
			assert.ok(clock.ms >= expected.from, `${id} is early: ${clock.ms} < ${expected.from}`);
			due.delete(id);
			fired++;
			clock.fired.length = 0;
			// Now and then an owner changes others or itself.
			if (!ending && random.next() < 0.3) operate(int(300));
		}),
	);
	const operate = (id: number) => {
		const timer = timers[id] as Timer;
		const what = random.next();
		if (what < 0.75) {
			const ms = 1 + (what < 0.1 ? int(3 * TURN_MS) : what < 0.4 ? int(300) : int(20_000));
			clock.wheel.set(timer, ms);
			due.set(id, { from: clock.ms + ms, until: clock.ms + ms + 2 * TICK_MS });
		} else {
			if (what < 0.9) clock.wheel.set(timer, 0);
			else clock.wheel.remove(timer);
			due.delete(id);
		}
	};
	for (let i = 0; i < 100_000; i++) {
		operate(int(300));
		if (random.next() < 0.2) clock.jump(random.next() < 0.001 ? int(5 * TURN_MS) : int(120));
		if (i % 100 === 0)
			for (const [id, { until }] of due)
				assert.ok(clock.ms <= until + TICK_MS, `${id} is late: ${clock.ms} > ${until}`);
	}
	assert.ok(fired > 5000, `${fired} timers ran`);
	// What is set from here on might not be due by then.
	ending = true;
	clock.pass(4 * TURN_MS, 1000);
	assert.equal(due.size, 0);
});

test('runs by itself between start and stop', async () => {
	const wheel = new TimerWheel();
	const since = sharedNow();
	const fired = Promise.withResolvers<number>();
	wheel.start();
	wheel.set(new Timer({ onTimer: () => fired.resolve(sharedNow() - since) }), 100);
	const after = await fired.promise;
	assert.ok(after >= 100, `${after} ms`);
	wheel.stop();
	const { tick } = wheel;
	await sleep(120);
	assert.equal(wheel.tick, tick);
});

test('whoever has a timer that is on is known', () => {
	const { wheel } = new Clock();
	const timers = ['near', 'far', 'off', 'gone'].map((name) => new Timer({ onTimer: () => {}, name } as TimerOwner));
	const [near, far, off, gone] = timers as [Timer, Timer, Timer, Timer];
	for (const timer of timers) wheel.set(timer, timer === far ? 3 * TURN_MS : 100);
	wheel.set(off, 0);
	wheel.remove(gone);
	assert.deepEqual(new Set(wheel.owners()), new Set([near.owner, far.owner]));
});
