/** Processes of an earlier core that belong to no service any more. */
import type { InstanceEvent } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';

/** Ends every process that nobody owns: SIGTERM now, SIGKILL after `graceMs`. */
export function endOrphans(
	processes: Processes,
	graceMs: number,
	event: (service: string, event: InstanceEvent) => void,
): void {
	for (const { id, pid, labels } of processes.list()) {
		if (processes.owned(id)) continue;
		const text = `${id} (pid ${pid}) belongs to no service any more and is stopped`;
		event(labels['service'] ?? '', { instance: id, kind: 'orphan', level: 'warn', text });
		const timer = setTimeout(() => processes.signal(id, 'SIGKILL'), graceMs);
		processes.own(id, () => clearTimeout(timer));
		processes.signal(id, 'SIGTERM');
	}
}
