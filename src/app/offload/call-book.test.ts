import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallBook } from './call-book.ts';

test('however many wait for a change, jobs are still taken in', async () => {
	const book = new CallBook();
	const sent: number[] = [];
	const send = ({ id }: { id: number }): void => void sent.push(id);
	const of = { version: -1, ended: true, ms: 60_000 };
	const refused: unknown[] = [];
	for (let i = 0; i < 20_000; i++)
		book.begin(send, 'awaited', ['id', of]).catch((error: unknown) => refused.push(error));
	await new Promise((resolve) => setImmediate(resolve));
	assert.ok(refused.length > 0 && sent.length > 0);
	const look = book.begin(send, 'look', ['id', []]);
	book.settle({ type: 'answer', id: sent.at(-1) as number, value: null });
	assert.equal(await look, null);
	// Each that is answered makes room for another.
	const waits = sent.length;
	book.settle({ type: 'answer', id: sent[0] as number, value: null });
	book.begin(send, 'awaited', ['id', of]).catch(() => {});
	assert.equal(sent.length, waits + 1);
});
