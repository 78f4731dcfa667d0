/** A watcher for tests: keeps what a provider says and checks that it agrees with its list. */
import assert from 'node:assert/strict';
import type { InstanceEvent, Life, ProvidedInstance, Provider, ProviderWatcher } from './provider.ts';

export class TestingWatcher implements ProviderWatcher {
	readonly instances = new Map<string, ProvidedInstance>();
	readonly events: InstanceEvent[] = [];
	/** Every change as `id life`. */
	readonly changes: string[] = [];

	changed(instance: ProvidedInstance): void {
		this.instances.set(instance.id, instance);
		this.changes.push(`${instance.id} ${instance.life}`);
	}

	gone(id: string): void {
		assert.ok(this.instances.delete(id), `${id} went and was not there`);
		this.changes.push(`${id} gone`);
	}

	event(event: InstanceEvent): void {
		this.events.push(event);
	}

	/** Ids with this life, sorted. */
	ids(life: Life): string[] {
		return [...this.instances.values()]
			.filter((instance) => instance.life === life)
			.map((instance) => instance.id)
			.sort();
	}

	agreesWith(provider: Provider<never>): void {
		const byId = (a: ProvidedInstance, b: ProvidedInstance) => (a.id < b.id ? -1 : 1);
		assert.deepEqual([...this.instances.values()].sort(byId), [...provider.list()].sort(byId));
	}

	texts(kind: string): string[] {
		return this.events.filter((event) => event.kind === kind).map((event) => event.text);
	}
}

/** Waits for a condition; fails with what `describe` says after `ms`. */
export async function until(condition: () => boolean, describe: () => unknown = () => '', ms = 15_000): Promise<void> {
	const end = Date.now() + ms;
	while (!condition()) {
		if (Date.now() > end)
			assert.fail(`did not happen within ${ms} ms: ${condition} ${JSON.stringify(describe(), null, 1)}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
