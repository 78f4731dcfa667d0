/** The core as it is, and beside it a file that gets what its metrics did each second: `BALLAST_CORE` is this, `BALLAST_TAPE` the file. */
import { appendFileSync } from 'node:fs';
import type { MinuteFrames } from '../../src/metrics/minute-frames.ts';
import { Recent } from '../../src/metrics/recent.ts';
import type { Metric } from '../../src/metrics/registry.ts';
import { Registry } from '../../src/metrics/registry.ts';
import { TapeWriter } from './tape.ts';

const file = process.env['BALLAST_TAPE'] ?? '';
/** Without what no rule of a service or of the node reads: it would be most of the tape. */
const wanted = ({ definition: { name, kind } }: Metric): boolean =>
	kind === 'histogram'
		? name === 'ballast_request_duration_seconds'
		: !/^ballast_(?:instance_(?!starts)|request_part|request_bytes|response_bytes)/.test(name);

const { sample } = Registry.prototype;
const { record } = Recent.prototype;
let writer: TapeWriter | undefined;
let lastMs = 0;
Registry.prototype.sample = function (this: Registry): void {
	sample.call(this);
	writer ??= new TapeWriter(this, wanted);
};
// What is recorded is what was sampled just before; once, whoever else keeps it.
Recent.prototype.record = function (this: Recent, timeMs: number): MinuteFrames | null {
	if (writer !== undefined && timeMs > lastMs) appendFileSync(file, `${JSON.stringify(writer.second(timeMs))}\n`);
	lastMs = timeMs;
	return record.call(this, timeMs);
};

await import('../../src/app/core.ts');
