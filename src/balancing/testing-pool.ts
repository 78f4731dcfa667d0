import { Board, SlotState } from '../core/board.ts';
import type { Member } from './port.ts';

/** For tests: a pool of ready instances on a board of its own. */
export interface Pool {
	board: Board;
	members: Member[];
}

/** `weights` in thousandths, 1000 where left out. */
export function poolOf(size: number, workers = 1, weights: readonly number[] = []): Pool {
	const board = new Board();
	board.workers = workers;
	const members: Member[] = [];
	for (let index = 0; index < size; index++) {
		let slot = board.take();
		if (slot < 0) {
			board.grow();
			slot = board.take();
		}
		board.setState(slot, SlotState.ready);
		board.setWeight(slot, weights[index] ?? 1000);
		members.push({ slot, id: `videos@10.0.0.${index}:8080` });
	}
	return { board, members };
}

/** How often each member was picked, in the order of the members. */
export function tally(pool: Pool, picks: Iterable<number>): number[] {
	const counts = new Map(pool.members.map((member) => [member.slot, 0]));
	for (const slot of picks) counts.set(slot, (counts.get(slot) ?? 0) + 1);
	return pool.members.map((member) => counts.get(member.slot) as number);
}

export function times<T>(count: number, each: (index: number) => T): T[] {
	return Array.from({ length: count }, (_, index) => each(index));
}
