import assert from 'node:assert/strict';
import { Field, fieldOf } from '../../src/wire/field-names.ts';
import { type Recorded, readAnswer, readRequest } from './plain-form.ts';
import type { Message } from './reading.ts';

const isKnown = (name: string): boolean => fieldOf(Buffer.from(name, 'latin1'), 0, name.length) !== Field.other;

/** What is wrong with the bytes that an instance would get of this request; empty: they are its one plain form. */
export function wrongIn(message: Message): string {
	return complaint(message, (passedOn) => {
		const found = readRequest(passedOn) ?? assert.fail('unfinished');
		const [method, target = ''] = found.line.split(' ');
		assert.equal(method, message.first);
		assert.ok(mayBecome(message, target), `target ${target}`);
		return found;
	});
}

/** The same of what a client would get of this answer, those of 1xx before it included. */
export function wrongInAnswer(message: Message, method: string): string {
	return complaint(message, (passedOn) => {
		const found = readAnswer(passedOn, method);
		assert.equal(found.line, `HTTP/1.1 ${message.first} ${message.second}`);
		return found;
	});
}

function complaint(message: Message, read: (passedOn: string) => Recorded): string {
	const { passedOn = '' } = message;
	try {
		const { lines, body } = read(passedOn);
		assert.equal(body, message.body);
		checkLines(message, lines);
		return '';
	} catch (error) {
		return `${(error as Error).message} in ${JSON.stringify(passedOn)}`;
	}
}

/** What is known may be written anew; all else stands as it came, in the order in which it came. */
function checkLines(message: Message, lines: readonly string[]): void {
	const given = message.fields.concat(message.trailers).map(([name, value]) => `${name}:${value}`);
	for (const line of lines) {
		const [, name = '', value = ''] = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
		if (isKnown(name)) continue;
		const at = given.indexOf(`${name}:${value}`);
		assert.ok(at >= 0, `a field that did not come, or not there: ${JSON.stringify(line)}`);
		given.splice(0, at + 1);
	}
}

const DOTS = /\/(?:\.|%2e){1,2}(?=\/|$)/i;

/** Targets are passed on in origin form and without dot segments. */
function mayBecome({ second }: Message, target: string): boolean {
	const origin = /^https?:\/\/[^/?]*(.*)$/i.exec(second)?.[1] ?? second;
	if (target === '*') return origin === '' || origin === '*';
	const expected = origin.startsWith('/') ? origin : `/${origin}`;
	const [[path = '', ...query], [found = '', ...rest]] = [expected.split('?'), target.split('?')];
	const pathFits = DOTS.test(path) ? !DOTS.test(found) : path === found;
	return pathFits && query.join('?') === rest.join('?');
}
