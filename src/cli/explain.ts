import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { maskConfig } from '../config/mask.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { cacheOf } from './explain-cache.ts';
import { askedRequest } from './explain-request.ts';
import { explainTrace, traceIdOf } from './explain-trace.ts';
import { explanationLines } from './explain-view.ts';
import { type Explanation, explainRequest } from './explanation.ts';
import { fileConfig } from './file-config.ts';
import { jsonText } from './json-text.ts';
import { runningConfig } from './running-config.ts';
import { type InstanceStatus, readStatus } from './status-answer.ts';
import type { Terminal } from './terminal.ts';

interface Asked {
	config: Config;
	/** What was asked, for people. */
	source: string;
	/** null: a file was asked. */
	live: ((service: string) => InstanceStatus[]) | null;
}

/** `ballast explain REQUEST-ID`, `ballast explain URL [--method POST] [--header 'x: y'] [--config file] [--json]`. */
export async function explain(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const id = traceIdOf(parsed.positionals[0] as string);
	if (id !== undefined) return await explainTrace(id, parsed, terminal);
	const file = parsed.values.get('config')?.at(-1);
	const { config, source, live } =
		file === undefined ? await ask(controlSocket(globalsOf(parsed), terminal.env)) : await fromFile(file);
	const method = parsed.values.get('method')?.at(-1);
	const [listener] = config.listen;
	const request = askedRequest(parsed.positionals[0] as string, {
		...(method === undefined ? {} : { method }),
		headers: parsed.values.get('header') ?? [],
		defaultHost:
			listener === undefined
				? 'localhost'
				: `${listener.host.includes(':') ? `[${listener.host}]` : listener.host}:${listener.port}`,
	});
	const explanation = explainRequest(config, request);
	const instances = live === null || explanation.chosen === null ? null : live(explanation.chosen.service);
	if (parsed.switches.has('json')) terminal.out(`${jsonText(asJson(explanation, source, instances), 2)}\n`);
	else terminal.out(`${[inert(`by ${source}`), ...explanationLines(explanation, instances, terminal)].join('\n')}\n`);
	return EXIT.ok;
}

/** What runs, with its instances; the file of the folder where nothing does. */
async function ask(where: ControlSocket): Promise<Asked> {
	try {
		const config = maskConfig(await runningConfig(where));
		const { services, config: path } = readStatus(await control(where, 'status', {}));
		const live = (name: string) => services.find((service) => service.name === name)?.instances ?? [];
		return { config, source: `the running configuration (${path})`, live };
	} catch (error) {
		if (!(error instanceof BallastError && error.code === 'not_running')) throw error;
		return await fromFile(undefined);
	}
}

async function fromFile(path: string | undefined): Promise<Asked> {
	const { config, file } = await fileConfig(path);
	return { config: maskConfig(config), source: file, live: null };
}

function asJson(
	{ request, chosen, answered, others }: Explanation,
	source: string,
	instances: InstanceStatus[] | null,
): unknown {
	const { headers: _, ...asked } = request;
	if (answered.by === 'refusal') return { source, request: asked, chosen, answered, others };
	const { service, policy, ...rest } = answered;
	const { timeouts, bodyBytes, host, path, requestHeaders, responseHeaders, rateLimit, priority } = policy;
	const cache = chosen === null ? null : cacheOf(service, chosen.route);
	const edits = { requestHeaders, responseHeaders };
	const policies = { timeouts, bodyBytes, host, path, ...edits, rateLimit, priority, cache };
	const { balance, failover, health, pools, concurrency } = service;
	const pool = answered.by === 'instance' ? { pools, failover, balance, health, concurrency, instances } : {};
	return { source, request: asked, chosen, answered: rest, ...pool, policies, others };
}
