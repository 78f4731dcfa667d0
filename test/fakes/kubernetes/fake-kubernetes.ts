/** An API server with one workload in one namespace; what is asked and answered is held to the published model. */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeController, type KubeControllerParts, NAME, NAMESPACE } from './kube-controller.ts';
import { podMetricsList } from './kube-metrics.ts';
import { complain } from './kube-model.ts';
import { ALLOWED_QUERY, matches, patchInto } from './kube-queries.ts';
import { refuseResize } from './kube-resize.ts';
import { scaleOf } from './kube-scale.ts';
import type { Change, KubeObject } from './kube-store.ts';

export interface FakeKubernetesParts extends KubeControllerParts {
	/** Speaks TLS with these. */
	readonly tls?: ServerOptions;
}

interface Call {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly type: string;
	readonly body: unknown;
}

interface Answer {
	readonly status: number;
	readonly body: unknown;
	readonly headers?: Record<string, string>;
}

/** Lists by the last part of their path. */
const LISTS: Record<string, { group: string; version: string; kind: string; model: string }> = {
	pods: { group: '', version: 'v1', kind: 'Pod', model: 'V1Pod' },
	events: { group: '', version: 'v1', kind: 'Event', model: 'CoreV1Event' },
	deployments: { group: 'apps', version: 'v1', kind: 'Deployment', model: 'V1Deployment' },
	statefulsets: { group: 'apps', version: 'v1', kind: 'StatefulSet', model: 'V1StatefulSet' },
	endpointslices: { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', model: 'V1EndpointSlice' },
	horizontalpodautoscalers: {
		group: 'autoscaling',
		version: 'v2',
		kind: 'HorizontalPodAutoscaler',
		model: 'V2HorizontalPodAutoscaler',
	},
	verticalpodautoscalers: {
		group: 'autoscaling.k8s.io',
		version: 'v1',
		kind: 'VerticalPodAutoscaler',
		model: 'VerticalPodAutoscaler',
	},
	scaledobjects: { group: 'keda.sh', version: 'v1alpha1', kind: 'ScaledObject', model: 'ScaledObject' },
};

export class FakeKubernetes {
	readonly controller: KubeController;
	/** What did not fit the model; a test looks that there is nothing. */
	readonly violations: string[] = [];
	/** What was needed so far: `patch deployments.apps/scale`. */
	readonly needed = new Set<string>();
	readonly calls: string[] = [];
	/** What was asked about beforehand, as `needed`. */
	readonly reviewed = new Set<string>();
	/** Whether it says who may do what. */
	reviews = true;
	/** Tokens that are taken; empty: a client certificate is enough. */
	tokens: string[] = ['SECRET-token-1'];
	silent = false;
	keda = true;
	metrics = true;
	resizable = true;
	/** A policy of the cluster: most replicas. */
	most: number = Number.POSITIVE_INFINITY;
	/** By pod, `*` for all others: cores and bytes of its container `api`. */
	readonly usage = new Map<string, { cpu: string; memory: string }>();
	/** Requests that come in between another write: that many changes of the scale are refused. */
	conflicts = 0;
	/** After so many more changes of pods, the next one is answered 500. */
	failPatchAfter: number | null = null;
	page = 500;
	readonly #server: Server;
	readonly #watches = new Set<ServerResponse>();
	readonly #denied = new Set<string>();
	#throttled = { left: 0, retryAfterS: 1 };
	readonly #tls: boolean;

	constructor(parts: FakeKubernetesParts) {
		this.controller = new KubeController(parts);
		this.#tls = parts.tls !== undefined;
		const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
		this.#server = parts.tls === undefined ? createHttp(serve) : createHttps(parts.tls, serve);
	}

	async listen(): Promise<void> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	get url(): string {
		return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
	}

	get openWatches(): number {
		return this.#watches.size;
	}

	async connections(): Promise<number> {
		return new Promise((resolve, reject) =>
			this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
		);
	}

	async close(): Promise<void> {
		this.controller.close();
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	throttle(calls: number, retryAfterS = 1): void {
		this.#throttled = { left: calls, retryAfterS };
	}

	/** @param need `get deployments.apps` */
	deny(need: string): void {
		this.#denied.add(need);
	}

	allowAll(): void {
		this.#denied.clear();
	}

	/** Watches are cut, as when the server is started anew. */
	cutWatches(): void {
		for (const response of this.#watches) response.destroy();
	}

	/** Each watch is told something. */
	tellWatches(line: string): void {
		for (const response of this.#watches) response.write(`${line}\n`);
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		if (this.silent) return;
		const url = new URL(request.url ?? '/', this.url);
		const text = Buffer.concat(chunks).toString();
		const call: Call = {
			method: request.method ?? '',
			path: decodeURIComponent(url.pathname),
			query: url.searchParams,
			type: request.headers['content-type'] ?? '',
			body: text === '' ? undefined : JSON.parse(text),
		};
		const answer = this.#admit(request) ?? this.#route(call, response);
		if (answer === null) return;
		this.calls.push(`${call.method} ${call.path} ${answer.status}`);
		response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
		response.end(JSON.stringify(answer.body));
	}

	#admit(request: IncomingMessage): Answer | null {
		const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
		const socket = request.socket as unknown as { authorized?: boolean };
		const known = token === undefined ? socket.authorized === true : this.tokens.includes(token);
		if (!known) return this.status(401, 'Unauthorized', 'Unauthorized');
		if (this.#throttled.left <= 0) return null;
		this.#throttled.left--;
		const { retryAfterS } = this.#throttled;
		const answer = this.status(
			429,
			'TooManyRequests',
			'The server has received too many requests and has asked us to try again later',
			{
				retryAfterSeconds: retryAfterS,
			},
		);
		return { ...answer, headers: { 'retry-after': String(retryAfterS) } };
	}

	/** A `Status`, as the API server refuses. */
	status(code: number, reason: string, message: string, details: Record<string, unknown> = {}): Answer {
		const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
		return this.#checked(code, 'V1Status', body);
	}

	#checked(status: number, model: string, body: unknown): Answer {
		const wrong = complain(model, body);
		if (wrong !== null) this.violations.push(`the fake's own answer: ${wrong}`);
		return { status, body };
	}

	#route(call: Call, response: ServerResponse): Answer | null {
		const unknown = [...call.query.keys()].find((name) => !ALLOWED_QUERY.includes(name));
		if (unknown !== undefined) this.violations.push(`unknown parameter ${unknown} of ${call.path}`);
		if (call.path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') return this.#accessReview(call);
		const found = /^\/(?:api|apis\/([\w.]+))\/(v\w+)\/namespaces\/([\w-]+)\/(\w+)(?:\/([\w.-]+))?(?:\/(\w+))?$/.exec(
			call.path,
		);
		if (found === null) return this.#missing(call);
		const [, group = '', version = '', namespace = '', resource = '', name, sub] = found;
		const watches = call.query.get('watch') !== null && name === undefined;
		const verb =
			{ GET: watches ? 'watch' : name === undefined ? 'list' : 'get', PATCH: 'patch' }[call.method] ?? call.method;
		const qualified = `${resource}${group === '' ? '' : `.${group}`}${sub === undefined ? '' : `/${sub}`}`;
		this.needed.add(`${verb} ${qualified}`);
		if (this.#denied.has(`${verb} ${qualified}`)) {
			const subject = `${resource}${sub === undefined ? '' : `/${sub}`}`;
			const message = `${resource} "${name ?? ''}" is forbidden: User "system:serviceaccount:shop:ballast" cannot ${verb} resource "${subject}" in API group "${group}" in the namespace "${namespace}"`;
			return this.status(403, 'Forbidden', message, { name: name ?? '', kind: resource });
		}
		if (namespace !== NAMESPACE) return this.#notFound(resource, name ?? namespace);
		if (group === 'metrics.k8s.io') return this.metrics ? this.#metrics(call) : this.#missing(call);
		const known = LISTS[resource];
		if (
			known === undefined ||
			known.group !== group ||
			known.version !== version ||
			(group === 'keda.sh' && !this.keda)
		)
			return this.#missing(call);
		if (watches) return this.#watch(call, { resource, response });
		if (name === undefined) return this.#list(call, resource);
		const object = this.controller.store.read(resource).items.find((one) => one.metadata.name === name);
		if (object === undefined) return this.#notFound(resource, name);
		if (call.method === 'GET') return sub === 'scale' ? this.#scale(object) : this.#object(resource, object);
		return this.#patch(call, { resource, name, sub });
	}

	/** Whether the one who asks may do so: what `deny` names it may not. */
	#accessReview({ method, body, type }: Call): Answer {
		const wrong = method === 'POST' && type === 'application/json' ? complain('V1SelfSubjectAccessReview', body) : type;
		if (wrong !== null) {
			this.violations.push(`POST selfsubjectaccessreviews: ${wrong}`);
			return this.status(400, 'BadRequest', wrong);
		}
		if (!this.reviews) return this.status(403, 'Forbidden', 'selfsubjectaccessreviews is forbidden');
		const { spec } = body as { spec: { resourceAttributes: Record<string, string> } };
		const { verb, group = '', resource, subresource } = spec.resourceAttributes;
		const whole = `${verb} ${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
		this.reviewed.add(whole);
		return this.#checked(201, 'V1SelfSubjectAccessReview', {
			apiVersion: 'authorization.k8s.io/v1',
			kind: 'SelfSubjectAccessReview',
			metadata: {},
			spec,
			status: { allowed: !this.#denied.has(whole) },
		});
	}

	#missing({ path }: Call): Answer {
		return this.status(404, 'NotFound', 'the server could not find the requested resource', {
			causes: [],
			name: path.slice(0, 40),
		});
	}

	#notFound(resource: string, name: string): Answer {
		return this.status(404, 'NotFound', `${resource} "${name}" not found`, { name, kind: resource });
	}

	#typed(resource: string, object: KubeObject): object {
		const { group, version, kind } = LISTS[resource] as (typeof LISTS)[string];
		return { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...object };
	}

	#object(resource: string, object: KubeObject): Answer {
		return this.#checked(200, LISTS[resource]?.model ?? '', this.#typed(resource, object));
	}

	#scale(object: KubeObject): Answer {
		return this.#checked(200, 'V1Scale', scaleOf(object));
	}

	#list({ query }: Call, resource: string): Answer {
		const { items, version } = this.controller.store.read(resource);
		const chosen = items.filter((one) => matches(one, query));
		const from = Number(query.get('continue')?.split('-')[1] ?? 0);
		const limit = Math.min(this.page, Number(query.get('limit') ?? this.page));
		const began = Number(query.get('continue')?.split('-')[0] ?? version);
		if (this.controller.store.since(resource, began) === null)
			return this.status(
				410,
				'Expired',
				'The provided continue parameter is too old to display a consistent list result.',
			);
		const rest = chosen.length - from - limit;
		const next = rest > 0 ? { continue: `${began}-${from + limit}`, remainingItemCount: rest } : {};
		const { kind, group, version: api, model } = LISTS[resource] as (typeof LISTS)[string];
		const body = {
			kind: `${kind}List`,
			apiVersion: group === '' ? api : `${group}/${api}`,
			metadata: { resourceVersion: String(version), ...next },
			items: chosen.slice(from, from + limit),
		};
		return this.#checked(200, `${model}List`, body);
	}

	/** @returns null: it is answered line by line */
	#watch({ query }: Call, { resource, response }: { resource: string; response: ServerResponse }): Answer | null {
		const { store } = this.controller;
		const missed = store.since(resource, Number(query.get('resourceVersion') ?? 0));
		response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
		response.flushHeaders();
		const write = (type: string, object: object) => response.write(`${JSON.stringify({ type, object })}\n`);
		if (missed === null) {
			write('ERROR', this.status(410, 'Expired', 'too old resource version').body as object);
			response.end();
			return null;
		}
		const tell = ({ kind, type, object }: Change) => {
			if (kind !== resource || !matches(object, query)) return;
			const send = () => {
				if (!this.silent && !response.destroyed) write(type, this.#object(resource, object).body as object);
			};
			if (store.lagMs > 0) setTimeout(send, store.lagMs);
			else send();
		};
		for (const change of missed) tell(change);
		const stop = store.listen(tell);
		this.#watches.add(response);
		response.on('close', () => {
			stop();
			this.#watches.delete(response);
		});
		return null;
	}

	#patch(
		{ type, body }: Call,
		{ resource, name, sub }: { resource: string; name: string; sub: string | undefined },
	): Answer {
		const model = sub === 'scale' ? 'V1Scale' : (LISTS[resource]?.model ?? '');
		const merge = type === 'application/merge-patch+json';
		const wrong =
			merge || type === 'application/strategic-merge-patch+json' ? complain(model, body, merge) : `the type ${type}`;
		if (wrong !== null) {
			this.violations.push(`PATCH ${resource}/${name}: ${wrong}`);
			return this.status(400, 'BadRequest', wrong);
		}
		if (sub === 'scale')
			return this.#patchScale(
				body as { metadata?: { resourceVersion?: string }; spec: { replicas: number } },
				resource,
			);
		const refused = sub === 'resize' ? this.#refuseResize(name, body) : null;
		if (refused !== null) return refused;
		if (resource === 'pods' && sub === undefined && this.failPatchAfter !== null && this.failPatchAfter-- === 0) {
			this.failPatchAfter = null;
			return this.status(500, 'InternalError', 'Internal error occurred: etcdserver: request timed out');
		}
		this.controller.store.change(resource, name, (object) => patchInto(object, body));
		if (resource !== 'pods') this.controller.rollOut();
		return this.#object(resource, this.controller.store.now(resource, name) as KubeObject);
	}

	#refuseResize(name: string, body: unknown): Answer | null {
		if (!this.resizable) return this.status(404, 'NotFound', 'the server could not find the requested resource');
		const before = this.controller.store.now('pods', name) as KubeObject;
		const after = structuredClone(before);
		patchInto(after, body);
		const message = refuseResize(before, after);
		if (message === null) return null;
		return this.status(422, 'Invalid', `Pod "${name}" is invalid: ${message}`, { name, kind: 'Pod' });
	}

	#patchScale(
		{ metadata, spec }: { metadata?: { resourceVersion?: string }; spec: { replicas: number } },
		resource: string,
	): Answer {
		const { store } = this.controller;
		const seen = metadata?.resourceVersion;
		const current = store.now(resource, NAME)?.metadata.resourceVersion;
		if (this.conflicts > 0 || (seen !== undefined && seen !== current)) {
			this.conflicts = Math.max(0, this.conflicts - 1);
			const message = `Operation cannot be fulfilled on ${resource}.apps "${NAME}": the object has been modified; please apply your changes to the latest version and try again`;
			return this.status(409, 'Conflict', message, { name: NAME, group: 'apps', kind: resource });
		}
		if (spec.replicas > this.most) {
			const message = `admission webhook "limits.example.com" denied the request: at most ${this.most} replicas`;
			return this.status(403, 'Forbidden', message);
		}
		this.controller.setReplicas(spec.replicas);
		return this.#scale(store.now(resource, NAME) as KubeObject);
	}

	#metrics({ query }: Call): Answer {
		const pods = this.controller.store.read('pods').items.filter((pod) => matches(pod, query));
		return this.#checked(200, 'PodMetricsList', podMetricsList(pods, this.usage));
	}
}
