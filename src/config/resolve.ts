/** From what files say to the configuration that Ballast runs by. */
import { checkJobs } from './check-jobs.ts';
import type { Config } from './config.ts';
import { expandPreset } from './expand-preset.ts';
import { shortFile } from './problem.ts';
import { resolveAlerting } from './resolve-alerts.ts';
import { checkMatches } from './resolve-match.ts';
import { resolveNode } from './resolve-node.ts';
import { checkPriority } from './resolve-overload.ts';
import { checkLimitTrust } from './resolve-rate-limit.ts';
import { resolveDefaults, resolveService, type ServiceEntry } from './resolve-service.ts';
import type { UserConfig, UserService } from './schema.ts';
import { Place, type Scope } from './scope.ts';

/** A file whose shape was checked. */
export interface CheckedFile {
	input: Pick<UserConfig, 'services'>;
	scope: Scope;
}

/** The main file first, then those that it includes. */
export function resolveConfig(main: CheckedFile & { input: UserConfig }, included: readonly CheckedFile[]): Config {
	const node = resolveNode(main.input, new Place(main.scope, []));
	const defaults = resolveDefaults(main.input.defaults ?? {}, new Place(main.scope, ['defaults']));
	const entries = collectServices([main, ...included]);
	const placed = entries.map((entry) => ({
		config: resolveService(entry, defaults),
		scope: entry.place.scope,
		place: entry.place,
	}));
	checkMatches(placed);
	checkJobs(node, placed, new Place(main.scope, []));
	if (!main.scope.isCut(['trust'])) {
		const policies = policiesOf(main, entries);
		checkLimitTrust(node, policies);
		for (const { input, place } of policies) checkPriority(node, input.priority, place.at('priority'));
	}
	if (
		entries.length === 0 &&
		[main, ...included].every(({ scope }) => !scope.lostKey([]) && !scope.isCut(['services']))
	) {
		main.scope.problem(
			['services'],
			'expected at least one service, such as `services: { api: { instances: { run: node server.js } } }`',
			{ at: 'key' },
		);
	}
	const services = placed.map(({ config }) => config);
	return { ...node, ...resolveAlerting(main.input, services, new Place(main.scope, [])), services };
}

/** Every place where policies are written. */
function policiesOf(main: CheckedFile & { input: UserConfig }, entries: readonly ServiceEntry[]) {
	const defaults = { input: main.input.defaults ?? {}, place: new Place(main.scope, ['defaults']) };
	const ofServices = entries.flatMap(({ input, place }) => [
		{ input, place },
		...Object.entries(input.routes ?? {}).map(([name, route]) => ({ input: route, place: place.at('routes', name) })),
	]);
	return [defaults, ...ofServices];
}

function collectServices(files: readonly CheckedFile[]): ServiceEntry[] {
	const entries = new Map<string, ServiceEntry>();
	for (const { input, scope } of files) {
		for (const [name, service] of Object.entries(input.services ?? {})) {
			const place = new Place(scope, ['services', name]);
			const earlier = entries.get(name);
			if (earlier === undefined) {
				entries.set(name, { name, input: expandPreset(service as UserService, place), place });
				continue;
			}
			const position = earlier.place.scope.source.locate(['services', name], 'key');
			const file = shortFile(earlier.place.scope.source.file, scope.report.cwd);
			const where = position === null ? file : `${file}:${position.line}:${position.column}`;
			place.problem(`conflict: a service of this name is in ${where} too`, { at: 'key' });
		}
	}
	return [...entries.values()];
}
