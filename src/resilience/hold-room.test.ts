import assert from 'node:assert/strict';
import test from 'node:test';
import { HoldRoom } from './hold-room.ts';

function room(most = 100, mostBytes = 1000) {
	let count = 0;
	let bytes = 0;
	const filled: number[] = [];
	const held = new HoldRoom(
		{
			enter: (size) => {
				if (count >= most) return false;
				count++;
				bytes += size;
				return true;
			},
			grow: (size) => {
				if (bytes + size > mostBytes) return false;
				bytes += size;
				return true;
			},
			leave: (size) => {
				count--;
				bytes -= size;
			},
		},
		() => filled.push(count),
	);
	return { held, filled, inside: () => [count, bytes] };
}

const done: string[] = [];
const waiter = (name: string, may: () => boolean) => ({
	tryAgain: () => may() && done.push(name) > 0,
	turnedAway: (why: 'timeout' | 'full') => done.push(`${name} ${why}`),
	bytesHeld: 10,
	lookAfter: () => {},
});
const wait = (untilTick: number, fromTick = 0) => ({ untilTick, fromTick });

test('first come first served, and nobody is asked behind one that must go on waiting', () => {
	done.length = 0;
	const { held, filled, inside } = room();
	let places = 0;
	const may = () => places-- > 0;
	for (const name of ['a', 'b', 'c']) held.add('app', waiter(name, may), wait(100));
	held.add(
		'other',
		waiter('x', () => true),
		wait(100),
	);
	assert.deepEqual([filled.length, held.size, inside()], [1, 4, [4, 40]]);
	places = 2;
	held.wakeAll(1);
	assert.deepEqual(done, ['a', 'b', 'x']);
	assert.deepEqual([held.size, inside()], [1, [1, 10]]);
});

test('time runs out in its tick, a back-off is kept, and who is behind it goes first', () => {
	done.length = 0;
	const { held, inside } = room();
	const free = () => true;
	held.add('app', waiter('backs off', free), wait(100, 5));
	held.add(
		'app',
		waiter('late', () => false),
		wait(3),
	);
	held.onTick(2);
	assert.deepEqual(done, []);
	held.onTick(3);
	assert.deepEqual(done, ['late timeout']);
	held.add('app', waiter('eager', free), wait(100));
	held.onTick(4);
	assert.deepEqual(done, ['late timeout', 'eager']);
	held.onTick(5);
	assert.deepEqual(done, ['late timeout', 'eager', 'backs off']);
	assert.deepEqual([held.size, inside()], [0, [0, 0]]);
});

test('no room, and a place that is given up', () => {
	const { held, inside } = room(1);
	const one = waiter('one', () => false);
	const two = waiter('two', () => false);
	assert.equal(held.add('app', one, wait(9)), true);
	assert.equal(held.add('app', two, wait(9)), false);
	held.remove('app', two);
	held.remove('app', one);
	held.remove('app', one);
	assert.deepEqual([held.size, inside()], [0, [0, 0]]);
	assert.equal(held.add('app', two, wait(9)), true);
});

test('one that begins and comes back at once does not hold up or lose the others', () => {
	done.length = 0;
	const { held, inside } = room();
	let turns = 0;
	const back = {
		tryAgain: () => {
			done.push('back');
			if (++turns < 3) held.add('app', back, wait(100, 2));
			return true;
		},
		turnedAway: () => {},
		bytesHeld: 10,
		lookAfter: () => {},
	};
	held.add('app', back, wait(100));
	held.add(
		'app',
		waiter('b', () => true),
		wait(100),
	);
	held.wake('app', 1);
	assert.deepEqual(done, ['back', 'b']);
	held.wake('app', 2);
	held.wake('app', 2);
	assert.deepEqual(done, ['back', 'b', 'back', 'back']);
	assert.deepEqual([held.size, inside()], [0, [0, 0]]);
});

test('who waits is looked after, and leaves when it holds more than there is room for', () => {
	done.length = 0;
	const { held, inside } = room(100, 100);
	let looks = 0;
	const grows = { ...waiter('grows', () => false), bytesHeld: 10, lookAfter: () => looks++ };
	held.add('app', grows, wait(1000));
	held.onTick(19);
	assert.equal(looks, 0);
	held.onTick(20);
	assert.deepEqual([looks, inside()], [1, [1, 10]]);
	grows.bytesHeld = 60;
	held.onTick(40);
	assert.deepEqual([looks, inside()], [2, [1, 60]]);
	grows.bytesHeld = 101;
	held.onTick(60);
	assert.deepEqual([done, inside(), held.size], [['grows full'], [0, 0], 0]);
});

test('one that throws is out, and holds up nobody', () => {
	done.length = 0;
	const { held, inside } = room();
	const throws = {
		...waiter('x', () => true),
		tryAgain: () => {
			throw new Error('broken');
		},
	};
	held.add('app', throws, wait(100));
	held.add(
		'app',
		waiter('b', () => true),
		wait(100),
	);
	assert.throws(() => held.wake('app', 1), /broken/);
	held.wake('app', 1);
	assert.deepEqual([done, held.size, inside()], [['b'], 0, [0, 0]]);
});
