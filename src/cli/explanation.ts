/** What a configuration makes of one request, as data. */
import type { Config, ServiceConfig } from '../config/config.ts';
import { describeMatch } from '../config/resolve-match.ts';
import type { Policy, RouteConfig } from '../gateway/config.ts';
import { compilePath } from '../gateway/path.ts';
import { REST, type RouteEntry, routeEntries } from '../gateway/route-table.ts';
import { type Outcome, Router } from '../gateway/router.ts';
import { type AskedRequest, subjectOf } from './explain-request.ts';

/** A route that was looked at. */
export interface Considered {
	service: string;
	/** Its name as written; `*` is the service itself. */
	route: string;
	/** What it takes: `GET a.example/v1/*`. */
	match: string;
	outcome: Outcome;
}

export type Answered =
	| {
			by: 'instance';
			service: ServiceConfig;
			policy: Policy /** Path and query that the instance gets. */;
			target: string;
	  }
	| { by: 'respond'; service: ServiceConfig; policy: Policy; answer: NonNullable<RouteConfig['respond']> }
	| { by: 'redirect'; service: ServiceConfig; policy: Policy; redirect: NonNullable<RouteConfig['redirect']> }
	| { by: 'files'; service: ServiceConfig; policy: Policy /** Path on the disk. */; file: string }
	| { by: 'refusal'; status: 404 | 405 | 501; code: string; allow: string[] };

export interface Explanation {
	request: AskedRequest;
	/** null: no route takes it. */
	chosen: Considered | null;
	answered: Answered;
	/** All others, in the order of the configuration. */
	others: Considered[];
}

export function explainRequest(config: Config, request: AskedRequest): Explanation {
	const entries = routeEntries(config.services);
	const router = new Router(entries.map((entry) => ({ pattern: entry.pattern, value: entry })));
	const subject = subjectOf(request);
	const considered = router.explain(subject).map(({ outcome }, at) => consideredOf(entries[at] as RouteEntry, outcome));
	const found = request.method === 'CONNECT' ? undefined : router.match(subject);
	const chosen = found === undefined ? null : (considered.find(({ outcome }) => outcome === 'chosen') ?? null);
	const others = distinct(considered, chosen);
	if (found !== undefined) return { request, chosen, answered: answeredBy(found, request), others };
	const allow = router.methodsAllowed(subject);
	const refusal =
		request.method === 'CONNECT'
			? ([501, 'not_implemented'] as const)
			: allow.length > 0
				? ([405, 'method_not_allowed'] as const)
				: ([404, 'no_route'] as const);
	return { request, chosen, answered: { by: 'refusal', status: refusal[0], code: refusal[1], allow }, others };
}

function consideredOf({ service, route, pattern }: RouteEntry, outcome: Outcome): Considered {
	return { service: service.name, route: route?.name ?? REST, match: describeMatch(pattern), outcome };
}

/** A route stands under each match of its service; where it brings its own path, those are one and the same. */
function distinct(considered: readonly Considered[], chosen: Considered | null): Considered[] {
	const key = ({ service, route, match }: Considered) => JSON.stringify([service, route, match]);
	const seen = new Set(chosen === null ? [] : [key(chosen)]);
	return considered.filter((one) => one !== chosen && !seen.has(key(one)) && seen.add(key(one)));
}

function answeredBy({ service: ofGateway, route }: RouteEntry, { path, query }: AskedRequest): Answered {
	// `routeEntries` knows less of a service than the configuration that it was given.
	const service = ofGateway as ServiceConfig;
	const policy: Policy = route ?? service;
	if (route?.respond) return { by: 'respond', service, policy, answer: route.respond };
	if (route?.redirect) return { by: 'redirect', service, policy, redirect: route.redirect };
	const rewrite = compilePath(policy.path);
	const target = rewrite === null ? path : rewrite(path);
	if (route?.files) return { by: 'files', service, policy, file: route.files.folder + target };
	return { by: 'instance', service, policy, target: target + query };
}
