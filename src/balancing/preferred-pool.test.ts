import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotState } from '../core/board.ts';
import { createBalancer, type Member } from './balancer.ts';
import { PoolPicker } from './pool-picker.ts';
import { NONE_TRIED } from './port.ts';
import { PreferredPool } from './preferred-pool.ts';
import { poolOf, times } from './testing-pool.ts';

test('its own pool first whatever the shares; with nothing open there, or all of it tried, as for all others', () => {
	const { board, members } = poolOf(4);
	const [old, fresh] = [members.slice(0, 2), members.slice(2)] as [Member[], Member[]];
	const pool = (group: Member[], share: number) => {
		const balancer = createBalancer({ by: 'cookie', key: null, loadFactor: 0, cookie: null }, board, {
			id: 0,
			count: 1,
		});
		balancer.set(group);
		return { balancer, members: group, share, trial: false };
	};
	const next = pool(fresh, 1);
	const all = new PoolPicker({ cells: Int32Array.of(1000, 0) }, [pool(old, 0), next], 0);
	const preferred = new PreferredPool(next, all);
	const slots = (of: readonly Member[]) => new Set(of.map(({ slot }) => slot));
	const picked = (tried: readonly number[]) => new Set(times(40, () => preferred.pick(0, tried, 0)));
	const [one, two] = fresh as [Member, Member];
	assert.ok([...picked(NONE_TRIED)].every((slot) => slots(fresh).has(slot)));
	assert.deepEqual(picked([one.slot]), new Set([two.slot]));
	assert.ok([...picked([one.slot, two.slot])].every((slot) => slots(old).has(slot)));
	for (const { slot } of fresh) board.setState(slot, SlotState.down);
	assert.ok([...picked(NONE_TRIED)].every((slot) => slots(old).has(slot)));
	for (const { slot } of members) assert.notEqual(preferred.token(slot), 0);
});
