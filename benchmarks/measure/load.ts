/** The load generator: wrk with one thread on its own core, its own figures read back as JSON. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of wrk sends. */
export interface LoadPlan {
	readonly url: string;
	readonly seconds: number;
	/** Default 64. */
	readonly connections?: number;
	/** Fields beside Host, which wrk adds. */
	readonly headers?: Readonly<Record<string, string>>;
	/** Each request has another query; default: all are the same. */
	readonly distinct?: boolean;
	/** Bytes of a POST body; default none: GET. */
	readonly uploadBytes?: number;
	/** Pause between an answer and the next request of a connection; default 0. */
	readonly pauseMs?: number;
	/** Cores of wrk; default `0`. */
	readonly cores?: string;
}

/** What wrk counted. `errors`: sockets that failed, time-outs and answers of 400 and more. */
export interface LoadResult {
	readonly requests: number;
	readonly seconds: number;
	readonly bytes: number;
	readonly errors: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
}

const DONE = `done = function(s, l, r)
	local e = s.errors
	io.write(string.format('\\nRESULT {"requests":%d,"us":%d,"bytes":%d,"errors":%d,"p50":%d,"p99":%d}\\n', s.requests,
		s.duration, s.bytes, e.connect + e.read + e.write + e.status + e.timeout, l:percentile(50.0), l:percentile(99.0)))
end
`;

/** Begins where no run before did: what was asked for then may be stored. */
const DISTINCT = `local asked = os.time() % 1000000 * 10000000
request = function()
	asked = asked + 1
	return wrk.format(nil, wrk.path .. "?n=" .. asked)
end
`;

/** The Lua script of a plan. Without `distinct` no `request` function, so that wrk repeats one prepared request. */
export function luaScript(plan: LoadPlan): string {
	const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
	const fields = Object.entries(plan.headers ?? {}).map(
		([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}\n`,
	);
	const body =
		plan.uploadBytes === undefined ? '' : `wrk.method = "POST"\nwrk.body = string.rep("x", ${plan.uploadBytes})\n`;
	const pause = plan.pauseMs === undefined ? '' : `delay = function() return ${plan.pauseMs} end\n`;
	return `${fields.join('')}${body}${pause}${plan.distinct === true ? DISTINCT : ''}${DONE}`;
}

/** Reads the result line of a run's output. Throws when there is none. */
export function parseResult(output: string): LoadResult {
	const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
	if (line === undefined) throw new Error(`wrk printed no result: ${output.slice(-500)}`);
	const read = JSON.parse(line) as Record<'requests' | 'us' | 'bytes' | 'errors' | 'p50' | 'p99', number>;
	return {
		requests: read.requests,
		seconds: read.us / 1e6,
		bytes: read.bytes,
		errors: read.errors,
		p50Ms: read.p50 / 1000,
		p99Ms: read.p99 / 1000,
	};
}

/** Runs wrk once; throws when it cannot be run. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-wrk-'));
	const script = join(folder, 'plan.lua');
	writeFileSync(script, luaScript(plan));
	const shape = ['-t1', `-c${plan.connections ?? 64}`, `-d${plan.seconds}s`, '--timeout', '10s', '--latency'];
	const argv = ['-c', plan.cores ?? '0', 'wrk', ...shape, '-s', script, plan.url];
	const output = await new Promise<string>((resolve, reject) => {
		const wrk = execFile('taskset', argv, { encoding: 'utf8' }, (error, stdout, stderr) => {
			process.off('exit', cleanUp);
			rmSync(folder, { recursive: true, force: true });
			if (error) reject(new Error(`wrk: ${stderr || error.message}`));
			else resolve(stdout);
		});
		const cleanUp = () => {
			wrk.kill('SIGKILL');
			rmSync(folder, { recursive: true, force: true });
		};
		process.on('exit', cleanUp);
	});
	return parseResult(output);
}
