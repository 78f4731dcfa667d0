import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../core/log-entry.ts';
import { DROPPED, FieldNames } from './flat-fields.ts';
import { readOutputLine } from './output-line.ts';

const CAME = Date.UTC(2026, 5, 10, 12);
const read = (line: string, stream: 'stdout' | 'stderr' = 'stdout', names = new FieldNames()): LogEntry =>
	readOutputLine({ timeMs: CAME, service: 'api', instance: 'api-1', stream, line }, names);
const parts = ({ severity, message, timeMs, traceId, fields }: LogEntry) => ({
	severity,
	message,
	timeMs: timeMs - CAME,
	traceId,
	fields,
});
const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('JSON of the usual loggers', () => {
	const iso = new Date(CAME - 500).toISOString();
	assert.deepEqual(
		parts(read(`{"level":50,"time":${CAME - 500},"pid":7,"msg":"broken","err":{"type":"E","message":"m"}}`)),
		{
			severity: 'error',
			message: 'broken',
			timeMs: -500,
			traceId: '',
			fields: { pid: 7, 'err.type': 'E', 'err.message': 'm' },
		},
	);
	assert.deepEqual(parts(read(`{"level":"warn","message":"slow","timestamp":"${iso}","ok":true,"none":null}`)), {
		severity: 'warn',
		message: 'slow',
		timeMs: -500,
		traceId: '',
		fields: { ok: true },
	});
	assert.deepEqual(parts(read(`{"v":0,"name":"a","level":60,"msg":"","time":"${iso}"}`)), {
		severity: 'fatal',
		message: '',
		timeMs: -500,
		traceId: '',
		fields: { v: 0, name: 'a' },
	});
	assert.deepEqual(
		parts(
			read(`{"severity_text":"ERROR2","body":"x","trace_id":"${TRACE.toUpperCase()}","timestamp":"${CAME}000000"}`),
		),
		{
			severity: 'error',
			message: 'x',
			timeMs: 0,
			traceId: TRACE,
			fields: {},
		},
	);
	assert.deepEqual(parts(read(`{"level":"info","ts":${CAME / 1000},"msg":"zap","traceId":"${TRACE}","list":[1,2]}`)), {
		severity: 'info',
		message: 'zap',
		timeMs: 0,
		traceId: TRACE,
		fields: { list: '[1,2]' },
	});
	assert.equal(read('{"error":"bad thing","level":"odd"}', 'stderr').message, 'bad thing');
	assert.equal(read(`{"msg":"x","trace_id":"${'0'.repeat(32)}","time":1}`).traceId, '');
	assert.equal(read('{"msg":"x","time":1}').timeMs, CAME);
});

test('levels by words', () => {
	const levels: Record<string, string> = {
		'2026-06-10 12:00:00 ERROR something': 'error',
		'[warn] careful': 'warn',
		'warn: careful': 'warn',
		'level=debug msg=x': 'debug',
		'DEBUG x': 'debug',
		'(INFO) x': 'info',
		'TypeError: x is not a function': 'error',
		'Error [ERR_X]: y': 'error',
		'panic: runtime error': 'fatal',
		'Traceback (most recent call last):': 'error',
		'0 errors, all is well': 'info',
		'the info was lost': 'info',
		'no warning here': 'info',
	};
	for (const [line, level] of Object.entries(levels)) assert.equal(read(line).severity, level, line);
	assert.equal(read('anything', 'stderr').severity, 'warn');
	assert.equal(read('INFO: up', 'stderr').severity, 'info');
	assert.equal(read('\x1b[31mERROR\x1b[39m red').message, 'ERROR red');
	assert.equal(read('\x1b[31mERROR\x1b[39m red').severity, 'error');
});

test('hostile lines are bounded', () => {
	const size = (entry: LogEntry) => JSON.stringify(entry).length;
	const big = read('x'.repeat(1_000_000));
	assert.equal(big.message.length, 8193);
	assert.equal(big.fields['line.length'], 1_000_000);
	const bigJson = read(`{"msg":"${'y'.repeat(1_000_000)}"}`);
	assert.equal(bigJson.message.length, 8193);
	const fatValue = read(`{"msg":"m","a":"${'z'.repeat(60_000)}"}`);
	assert.equal(String(fatValue.fields['a']).length, 2049);
	const keys = read(`{${Array.from({ length: 5000 }, (_, at) => `"k${at}":1`).join(',')}}`);
	assert.equal(Object.keys(keys.fields).length, 65);
	assert.ok(Number(keys.fields[DROPPED]) > 900);
	const longKey = read(`{"${'k'.repeat(1000)}":1,"msg":"m"}`);
	assert.deepEqual(longKey.fields, { [DROPPED]: 1 });
	const deep = read(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`);
	assert.ok(size(deep) < 10_000);
	const deepList = read(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`);
	assert.ok(size(deepList) < 10_000);
	const binary = read('\0\x01\xff\ud800{"msg":1}');
	assert.equal(binary.message, '\ufffd\x01\xff\ufffd{"msg":1}');
	assert.deepEqual(read('{"__proto__":{"x":1},"constructor":2,"msg":"m"}').fields, { '_proto_.x': 1, constructor: 2 });
	assert.equal(({} as Record<string, unknown>)['x'], undefined);
	for (const line of [
		'',
		'{',
		'{}',
		'[]',
		'{"msg":',
		'null',
		'{"level":{},"msg":[],"time":{}}',
		'{"time":"x","level":1e999}',
	])
		assert.equal(read(line).source, 'instance');
});

test('a million distinct keys make no more names than there may be', () => {
	const names = new FieldNames(100);
	let seen = 0;
	for (let at = 0; at < 20_000; at++) {
		const { fields } = read(`{"msg":"m","key${at}":1}`, 'stdout', names);
		if (fields[`key${at}`] === 1) seen++;
	}
	assert.equal(seen, 100);
	assert.equal(names.refused, 19_900);
	assert.equal(read('{"msg":"m","key1":5}', 'stdout', names).fields['key1'], 5);
	names.tidy(0);
	names.tidy(3_599_999);
	assert.equal(names.accept('other'), true);
	for (let at = 0; at < 200; at++) names.accept(`more${at}`);
	assert.equal(names.accept('useful'), false);
	names.tidy(3_600_000);
	assert.equal(names.accept('useful'), true, 'there is room again');
	names.tidy(7_200_000);
	assert.equal(names.accept('useful'), true);
});
