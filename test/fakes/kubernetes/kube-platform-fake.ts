/** What the platform suite does to a cluster, done to its fake, by a kubeconfig with a token in a file. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesConfig } from '../../../src/instances/kubernetes/config.ts';
import { KubernetesPlatform } from '../../../src/instances/kubernetes/kubernetes-platform.ts';
import type { PlatformFake } from '../../../src/instances/platform/testing-platform-suite.ts';
import { FakeKubernetes, type FakeKubernetesParts } from './fake-kubernetes.ts';
import { NAME, NAMESPACE } from './kube-controller.ts';

const LAG_MS = 1500;

export class KubePlatformFake implements PlatformFake {
	readonly fake: FakeKubernetes;
	readonly changes: readonly string[];
	readonly folder: string = mkdtempSync(join(tmpdir(), 'ballast-kube-'));
	readonly #kind: 'deployment' | 'statefulset';
	readonly #service: string | null;
	#issued = 1;

	constructor(parts: FakeKubernetesParts) {
		this.#kind = parts.kind;
		this.#service = parts.service ?? null;
		this.fake = new FakeKubernetes(parts);
		this.changes = this.fake.controller.changes;
	}

	async listen(): Promise<this> {
		await this.fake.listen();
		const user = { name: 'ballast', user: { tokenFile: 'token' } };
		const context = { cluster: 'fake', user: 'ballast', namespace: NAMESPACE };
		writeFileSync(
			this.kubeconfig,
			JSON.stringify({
				apiVersion: 'v1',
				kind: 'Config',
				'current-context': 'fake',
				clusters: [{ name: 'fake', cluster: { server: this.fake.url } }],
				users: [user],
				contexts: [{ name: 'fake', context }],
			}),
		);
		this.#write();
		return this;
	}

	get kubeconfig(): string {
		return join(this.folder, 'kubeconfig');
	}

	get config(): KubernetesConfig {
		const workload = { kind: this.#kind, name: NAME };
		const access = { kubeconfig: [this.kubeconfig], context: null, verify: true };
		const port = this.#service === null ? 'http' : 'web';
		return { kind: 'kubernetes', workload, namespace: null, service: this.#service, port, ...access };
	}

	open(): KubernetesPlatform {
		return new KubernetesPlatform(this.config, { lagMs: LAG_MS, autoscalerEveryMs: 0 });
	}

	size(): number {
		return this.fake.controller.size;
	}

	alive(): string[] {
		return this.fake.controller.alive;
	}

	throttleNext(calls: number): void {
		this.fake.throttle(calls, 0);
	}

	expireCredentials(): void {
		this.#issued++;
		this.#write();
	}

	lag(ms: number): void {
		this.fake.controller.store.lagMs = ms;
	}

	capacity(members: number): void {
		this.fake.most = members;
	}

	deny(action: 'read' | 'resize' | 'remove' | null): void {
		const resource = `${this.#kind}s.apps`;
		if (action === null) this.fake.allowAll();
		else if (action === 'read') this.fake.deny(`get ${resource}`);
		// Pods of a Deployment bear a mark before the size is lowered.
		else if (action === 'remove' && this.#kind === 'deployment') this.fake.deny('patch pods');
		else this.fake.deny(`patch ${resource}/scale`);
	}

	stick(stuck: boolean): void {
		this.fake.controller.stick(stuck);
	}

	silence(silent: boolean): void {
		this.fake.silent = silent;
	}

	outsideResize(size: number): void {
		this.fake.controller.setReplicas(size, true);
	}

	kill(id: string): void {
		this.fake.controller.kill(id);
	}

	/** The size is lowered by one request: what fails halfway are the marks before it. */
	partial(members: number): void {
		this.fake.failPatchAfter = members;
	}

	autoscaler(name: string | null): void {
		const { store, kind } = this.fake.controller;
		if (name === null) return store.drop('horizontalpodautoscalers', 'their-own');
		store.put('horizontalpodautoscalers', {
			metadata: { name, namespace: NAMESPACE },
			spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind, name: NAME } },
		});
	}

	bounds(): void {
		throw new Error('a workload has no bounds of its own');
	}

	vanish(): void {
		this.fake.controller.store.drop(`${this.#kind}s`, NAME);
	}

	async close(): Promise<void> {
		const endsAt = Date.now() + 2000;
		while (this.fake.openWatches + (await this.fake.connections()) > 0) {
			assert.ok(Date.now() < endsAt, 'the adapter has left connections open');
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		await this.fake.close();
		rmSync(this.folder, { recursive: true, force: true });
		assert.deepEqual(this.fake.violations, []);
	}

	#write(): void {
		const token = `SECRET-token-${this.#issued}`;
		this.fake.tokens = [token];
		writeFileSync(join(this.folder, 'token'), `${token}\n`);
	}
}
